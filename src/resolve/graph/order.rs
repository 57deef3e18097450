//! An order in which what is imported comes first.

/// Tarjan's strongly connected components of the graph in which node `i` leads to `next(i)`: those that are led to come before those
/// that lead there. The members of one are sorted.
pub(super) fn components<'g>(nodes: u32, next: impl Fn(u32) -> &'g [u32]) -> Vec<Vec<u32>> {
    let mut search = Search {
        numbers: vec![0; nodes as usize],
        lows: vec![0; nodes as usize],
        done: vec![false; nodes as usize],
        open: Vec::new(),
        found: Vec::new(),
    };
    let mut last = 0;
    // Nodes on the way, with how many of their edges were followed.
    let mut way: Vec<(u32, usize)> = Vec::new();
    for start in 0..nodes {
        if search.numbers[start as usize] == 0 {
            search.enter(start, &mut last);
            way.push((start, 0));
        }
        while let Some((node, followed)) = way.last_mut() {
            let node = *node;
            match next(node).get(*followed) {
                Some(&to) if search.numbers[to as usize] == 0 => {
                    *followed += 1;
                    search.enter(to, &mut last);
                    way.push((to, 0));
                }
                Some(&to) => {
                    *followed += 1;
                    if !search.done[to as usize] {
                        search.reaches(node, search.numbers[to as usize]);
                    }
                }
                None => {
                    way.pop();
                    search.leave(node);
                    if let Some((from, _)) = way.last() {
                        search.reaches(*from, search.lows[node as usize]);
                    }
                }
            }
        }
    }
    search.found
}

struct Search {
    /// In the order of discovery, from 1; 0: not yet found.
    numbers: Vec<u32>,
    /// The lowest number that is known to be reached.
    lows: Vec<u32>,
    done: Vec<bool>,
    open: Vec<u32>,
    found: Vec<Vec<u32>>,
}

impl Search {
    fn enter(&mut self, node: u32, last: &mut u32) {
        *last += 1;
        self.numbers[node as usize] = *last;
        self.lows[node as usize] = *last;
        self.open.push(node);
    }

    fn reaches(&mut self, node: u32, number: u32) {
        let low = &mut self.lows[node as usize];
        *low = number.min(*low);
    }

    fn leave(&mut self, node: u32) {
        if self.lows[node as usize] != self.numbers[node as usize] {
            return;
        }
        let start = self.open.iter().rposition(|open| *open == node).unwrap_or(0);
        let mut members = self.open.split_off(start);
        members.sort_unstable();
        for member in &members {
            self.done[*member as usize] = true;
        }
        self.found.push(members);
    }
}

#[cfg(test)]
mod tests {
    use super::components;

    fn of(edges: &[&[u32]]) -> Vec<Vec<u32>> {
        components(edges.len() as u32, |node| edges[node as usize])
    }

    #[test]
    fn what_is_led_to_comes_first() {
        assert_eq!(of(&[&[1, 2], &[2], &[]]), [vec![2], vec![1], vec![0]]);
        assert_eq!(of(&[&[], &[0], &[]]), [vec![0], vec![1], vec![2]]);
        assert_eq!(of(&[&[2], &[0], &[1, 3], &[]]), [vec![3], vec![0, 1, 2]]);
        assert_eq!(of(&[&[1], &[0, 2], &[3], &[2]]), [vec![2, 3], vec![0, 1]]);
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn long_chains_and_rings() {
        let chain: Vec<Vec<u32>> =
            (0..100_000).map(|node| if node < 99_999 { vec![node + 1] } else { vec![] }).collect();
        assert_eq!(components(100_000, |node| &chain[node as usize]).len(), 100_000);
        let ring: Vec<Vec<u32>> = (0..100_000).map(|node| vec![(node + 1) % 100_000]).collect();
        assert_eq!(components(100_000, |node| &ring[node as usize]).len(), 1);
    }
}
