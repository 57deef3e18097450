//! What a path alone says about resources, before anything is inferred.

use super::EcosystemFacts;
use super::facts::{SymbolFacts, TypeId};
use super::schema::Role;
use rustc_hash::FxHashMap;

/// Paths of an ecosystem that have to do with resources.
pub struct Leads<'a> {
    pub facts: &'a EcosystemFacts,
    /// The paths of everything that can acquire a resource or gives one, and with `false` those of the modules that these are in.
    paths: FxHashMap<&'a str, bool>,
}

impl<'a> Leads<'a> {
    /// `threads`: what starts something on another thread leads to a connection, which a framework opens there.
    pub fn new(facts: &'a EcosystemFacts, threads: bool) -> Self {
        let acquires = |ty: &TypeId| {
            let methods = facts.methods.get(ty.0 as usize).into_iter().flat_map(FxHashMap::values);
            facts.ty(*ty).resource.is_some() || methods.flat_map(|facts| &facts.acquires).next().is_some()
        };
        // Plain types that lead on to something through an attribute count as well.
        let holds = |ty: &TypeId| acquires(ty) || facts.ty(*ty).attributes.values().any(acquires);
        // What a stream is made of matters as well.
        let leads = |facts: &SymbolFacts| {
            !facts.acquires.is_empty() || facts.makes.iter().any(holds) || facts.has_role(Role::Streams)
        };
        let functions = facts.functions.iter().filter(|(_, facts)| leads(facts)).map(|(path, _)| path);
        let classes = facts.classes.iter().filter(|(_, types)| types.iter().any(holds)).map(|(path, _)| path);
        let mut paths = FxHashMap::default();
        let starts = facts.paths_with(Role::OnThread).filter(|_| threads);
        for path in functions.chain(classes).chain(starts) {
            paths.insert(path.as_str(), true);
            let mut path = path.as_str();
            while let Some((above, _)) = path.rsplit_once('.') {
                if paths.contains_key(above) {
                    break;
                }
                paths.insert(above, false);
                path = above;
            }
        }
        Leads { facts, paths }
    }

    /// `Some(true)`: what has this path can acquire or is a resource; `Some(false)`: it is a module of such things.
    pub fn path(&self, path: &str) -> Option<bool> {
        let member = self.facts.language().package_member.as_str();
        let package = path.strip_suffix(member).and_then(|rest| rest.strip_suffix('.'));
        let package = package.filter(|_| !member.is_empty());
        self.paths.get(path).or_else(|| self.paths.get(package?)).copied()
    }
}
