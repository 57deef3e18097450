//! Text form of what was resolved: `unclosed dump --types`.

use super::{Resolved, Target, Ty};
use crate::ir::{Callee, Op, OpRef, Place};
use std::collections::BTreeMap;
use std::fmt::Write;

impl Resolved<'_> {
    /// Per function the named places with their types, then the calls with their targets. With `only`, the functions of that name or
    /// qualified name.
    pub fn print(&self, only: Option<&str>) -> String {
        let mut out = String::new();
        for id in self.program.func_ids() {
            let function = self.program.func(id);
            if only.is_some_and(|only| !function.is_called(only)) {
                continue;
            }
            let _ = writeln!(out, "fn {}", function.qualname);
            let mut places: BTreeMap<String, String> = BTreeMap::new();
            let env = &self.env[id.index()];
            for (place, types) in env.iter() {
                if let Some(name) = function.place_name(&place) {
                    places.insert(name, self.describe_all(types));
                }
            }
            for (name, types) in places {
                let _ = writeln!(out, "  {name}: {types}");
            }
            for (b, block) in function.blocks.iter().enumerate() {
                for (i, instr) in block.instrs.iter().enumerate() {
                    let Op::Call { callee, .. } = &instr.op else { continue };
                    let at = OpRef { func: id, block: crate::ir::BlockId(b as u32), op: i as u32 };
                    let targets: Vec<String> = self
                        .call(at)
                        .iter()
                        .flat_map(|info| &info.targets)
                        .map(|target| self.describe_target(target))
                        .collect();
                    let targets = if targets.is_empty() { "?".to_owned() } else { targets.join(" | ") };
                    let place = |place: &Place| function.place_name(place).unwrap_or_else(|| place.to_string());
                    let callee = match callee {
                        Callee::Method { recv, name, .. } => format!("{}.{name}", place(recv)),
                        Callee::Super { name } => format!("super().{name}"),
                        Callee::Value(value) => place(value),
                    };
                    let _ = writeln!(out, "  call {callee} -> {targets}");
                }
            }
        }
        if only.is_some() {
            return out;
        }
        for ((class, field), types) in self.fields.iter().collect::<BTreeMap<_, _>>() {
            let _ =
                writeln!(out, "field {}.{field}: {}", self.program.class(*class).qualname, self.describe_all(types));
        }
        out
    }

    fn describe_all(&self, types: &super::TySet) -> String {
        types.iter().map(|ty| self.describe(ty)).collect::<Vec<_>>().join(" | ")
    }

    fn describe(&self, ty: &Ty) -> String {
        match ty {
            Ty::Path(path) => path.to_string(),
            Ty::Inst(id) => format!("<{}>", self.catalog.ty(*id).id),
            Ty::Module(module) => format!("module {}", module.0),
            Ty::Class(class) => format!("class {}", self.program.class(*class).qualname),
            Ty::Object(class) => format!("<{}>", self.program.class(*class).qualname),
            Ty::Func(func) => format!("fn {}", self.program.func(*func).qualname),
        }
    }

    fn describe_target(&self, target: &Target<'_>) -> String {
        match target {
            Target::Catalog { facts } => facts.path.to_string(),
            Target::ResourceMethod { ty, name } => format!("<{}>.{name}", self.catalog.ty(*ty).id),
            Target::Project(func) => format!("fn {}", self.program.func(*func).qualname),
            Target::Construct(class) => format!("new {}", self.program.class(*class).qualname),
            Target::External(path) => format!("external {path}"),
        }
    }
}
