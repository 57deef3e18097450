//! TEMPORARY
use crate::ir::{FileId, Name};
use crate::source::Language;
use crate::source::manifest::Manifests;
use rustc_hash::FxHashMap;
pub struct Node<'a> { pub id: FileId, pub path: &'a str, pub language: Language, pub imports: &'a [Name] }
pub struct Graph { t: FxHashMap<(FileId, Name), FileId>, imp: Vec<Vec<FileId>>, rev: Vec<Vec<FileId>>, pkg: FxHashMap<FileId,(FileId,Name)> }
impl Graph {
    pub fn new(nodes: &[Node<'_>], _m: &Manifests, _l: &dyn Fn(Language, &str) -> bool) -> Graph {
        let by: FxHashMap<&str, FileId> = nodes.iter().map(|n| (n.path, n.id)).collect();
        let mut g = Graph { t: Default::default(), imp: vec![vec![]; nodes.len()], rev: vec![vec![]; nodes.len()], pkg: Default::default() };
        for n in nodes {
            let dir = n.path.rsplit_once('/').map_or("", |x| x.0);
            let join = |d: &str, r: &str| if d.is_empty() { r.to_owned() } else { format!("{d}/{r}") };
            let up = |d: &str, k: usize| { let mut d = d.to_owned(); for _ in 0..k { d = d.rsplit_once('/').map_or(String::new(), |x| x.0.to_owned()); } d };
            for s in n.imports {
                let mut cands = vec![];
                if n.language == Language::Python {
                    let dots = s.len() - s.trim_start_matches('.').len();
                    let base = if dots > 0 { up(dir, dots - 1) } else { String::new() };
                    let rest = s[dots..].replace('.', "/");
                    let mut bases = vec![base];
                    if dots == 0 { let mut d = dir.to_owned(); loop { bases.push(d.clone()); if d.is_empty() {break} d = up(&d, 1); } }
                    for b in bases { let p = if rest.is_empty() { b } else { join(&b, &rest) }; cands.push(format!("{p}.py")); cands.push(join(&p, "__init__.py")); }
                } else if s.starts_with('.') {
                    let mut d = dir.to_owned();
                    let mut parts: Vec<&str> = vec![];
                    for p in s.split('/') { match p { "." => {}, ".." => { if parts.pop().is_none() { d = up(&d, 1) } }, p => parts.push(p) } }
                    let p = join(&d, &parts.join("/"));
                    let stem = p.strip_suffix(".js").unwrap_or(&p);
                    for e in ["ts","tsx","js","jsx","mjs","mts","cjs","vue","svelte"] { cands.push(format!("{p}.{e}")); cands.push(format!("{stem}.{e}")); cands.push(format!("{p}/index.{e}")); }
                    cands.push(p);
                }
                if let Some(t) = cands.iter().find_map(|c| by.get(c.trim_start_matches('/'))) {
                    g.t.insert((n.id, s.clone()), *t);
                    if *t != n.id { g.imp[n.id.0 as usize].push(*t); g.rev[t.0 as usize].push(n.id); }
                }
            }
            if n.language == Language::Python {
                let stem = n.path.rsplit('/').next().unwrap_or("").trim_end_matches(".py");
                let (pdir, name) = if stem == "__init__" { (up(dir, 1), dir.rsplit('/').next().unwrap_or("")) } else { (dir.to_owned(), stem) };
                if let Some(p) = by.get(format!("{pdir}/__init__.py").as_str()) { g.pkg.insert(n.id, (*p, name.into())); }
            }
        }
        for v in g.imp.iter_mut().chain(g.rev.iter_mut()) { v.sort(); v.dedup(); }
        g
    }
    pub fn target(&self, file: FileId, s: &str) -> Option<FileId> { self.t.get(&(file, Name::new(s))).copied() }
    pub fn imports(&self, f: FileId) -> &[FileId] { &self.imp[f.0 as usize] }
    pub fn importers(&self, f: FileId) -> &[FileId] { &self.rev[f.0 as usize] }
    pub fn package(&self, f: FileId) -> Option<(FileId, Name)> { self.pkg.get(&f).cloned() }
    pub fn order(&self) -> Vec<FileId> {
        let mut out = vec![]; let mut seen = vec![false; self.imp.len()];
        for i in 0..self.imp.len() { let mut st = vec![(FileId(i as u32), 0usize)]; if seen[i] { continue } seen[i] = true;
            while let Some((f, k)) = st.pop() { if let Some(n) = self.imp[f.0 as usize].get(k) { st.push((f, k+1)); if !seen[n.0 as usize] { seen[n.0 as usize] = true; st.push((*n, 0)); } } else { out.push(f) } } }
        out
    }
}
