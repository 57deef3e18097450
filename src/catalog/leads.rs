//! What a name alone says about resources, before anything is inferred.

use super::EcosystemFacts;
use super::facts::{SymbolFacts, TypeId};
use crate::ir::Name;
use rustc_hash::{FxHashMap, FxHashSet};

/// Names of an ecosystem that may have to do with resources.
pub struct Leads<'a> {
    pub facts: &'a EcosystemFacts,
    /// The paths of everything that can acquire a resource or gives one, and with `false` those of the modules that these are in.
    paths: FxHashMap<&'a str, bool>,
    /// Methods whose result may be a resource or lead to one.
    carriers: FxHashSet<&'a Name>,
    /// Methods that may release something.
    releases: FxHashSet<&'a Name>,
}

impl<'a> Leads<'a> {
    pub fn new(facts: &'a EcosystemFacts) -> Self {
        let language = facts.language();
        let acquires = |ty: &TypeId| {
            let methods = facts.methods.get(ty.0 as usize).into_iter().flat_map(FxHashMap::values);
            facts.ty(*ty).resource.is_some() || methods.flat_map(|facts| &facts.acquires).next().is_some()
        };
        // Plain types that lead on to something through an attribute count as well.
        let holds = |ty: &TypeId| acquires(ty) || facts.ty(*ty).attributes.values().any(acquires);
        let leads = |facts: &SymbolFacts| !facts.acquires.is_empty() || facts.makes.iter().any(holds);
        let functions = facts.functions.iter().filter(|(_, facts)| leads(facts)).map(|(path, _)| path);
        let classes = facts.classes.iter().filter(|(_, types)| types.iter().any(holds)).map(|(path, _)| path);
        let mut paths = FxHashMap::default();
        for path in functions.chain(classes) {
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
        let mut carriers: FxHashSet<&Name> = FxHashSet::default();
        let mut releases: FxHashSet<&Name> = FxHashSet::default();
        carriers.extend(language.fluent.iter().chain(&language.enter_methods));
        carriers.extend(language.container_gets.iter().chain(&language.container_maps));
        releases.extend(language.closers.iter().chain(&language.may_release).chain(&language.exit_methods));
        for (ty, methods) in facts.types.iter().zip(&facts.methods) {
            carriers.extend(ty.attributes.keys());
            carriers.extend(methods.iter().filter(|(_, facts)| leads(facts)).map(|(name, _)| name));
            if let Some(resource) = &ty.resource {
                carriers.extend(resource.fluent.iter().chain(&resource.parts).chain(&resource.opens));
                releases.extend(resource.release.iter().flat_map(|release| &release.steps));
            }
        }
        Leads { facts, paths, carriers, releases }
    }

    /// `Some(true)`: what has this path can acquire or is a resource; `Some(false)`: it is a module of such things.
    pub fn path(&self, path: &str) -> Option<bool> {
        let member = self.facts.language().package_member.as_str();
        let package = path.strip_suffix(member).and_then(|rest| rest.strip_suffix('.'));
        let package = package.filter(|_| !member.is_empty());
        self.paths.get(path).or_else(|| self.paths.get(package?)).copied()
    }

    /// The result of a method with this name may be a resource, or lead to one, when its receiver is one.
    pub fn carries(&self, method: &Name) -> bool {
        self.carriers.contains(method)
    }

    /// A method with this name may release something.
    pub fn releases(&self, method: &Name) -> bool {
        self.releases.contains(method)
    }
}
