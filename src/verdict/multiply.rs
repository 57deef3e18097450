//! What is made again and again, because something outside calls or a loop goes round.

use super::FileScope;
use crate::catalog::schema::entry::{EnteredBy, Runs};
use crate::checks::{Draft, Subject, client_per_call, never_closed, owner_never_closed};
use crate::finding::Growth;
use crate::ir::FuncId;
use crate::resolve::Values;
use crate::summary::again::{Again, Alike, again, alike};
use crate::summary::entries::{Chain, Entries};
use crate::summary::{Case, Summaries};
use rustc_hash::FxHashMap;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// Answers about the acquisitions of a program.
pub(super) struct Multiply<'s, 'a> {
    summaries: &'s Summaries<'a>,
    entries: &'s Entries<'s, 'a>,
    scopes: &'s [FileScope],
    values: OnceCell<Values<'s>>,
    chains: RefCell<FxHashMap<FuncId, Option<Rc<Chain>>>>,
}

/// An acquisition of which there are many.
pub(super) struct Many {
    pub again: Again,
    pub alike: Alike,
}

impl<'s, 'a> Multiply<'s, 'a> {
    pub(super) fn new(summaries: &'s Summaries<'a>, entries: &'s Entries<'s, 'a>, scopes: &'s [FileScope]) -> Self {
        Multiply { summaries, entries, scopes, values: OnceCell::new(), chains: RefCell::default() }
    }

    /// How something outside comes to the function, and where that runs as far as anything shows it.
    fn chain(&self, func: FuncId) -> Option<Chain> {
        let mut chain = self.entries.chain(func)?;
        let scope = self.scopes.get(self.summaries.resolved.program.module_of(chain.entry).index());
        let way = &mut chain.entered.way;
        if let Some(reached) = scope.and_then(|scope| scope.reached.as_ref()).filter(|_| way.runs == Runs::Anywhere) {
            way.runs = reached.runs();
        }
        Some(chain)
    }

    /// `None` for what is made once, and for what tests and programs that end make as often as they like.
    pub(super) fn of(&self, case: &Case, scope: &FileScope) -> Option<Many> {
        if scope.test || scope.one_off {
            return None;
        }
        let resolved = self.summaries.resolved;
        let known = || self.chain(case.func).map(Rc::new);
        let chain = self.chains.borrow_mut().entry(case.func).or_insert_with(known).clone();
        let again = again(chain, resolved, case)?;
        let values = self.values.get_or_init(|| Values::new(resolved, self.summaries.regions));
        Some(Many { again, alike: alike(resolved, values, case) })
    }
}

impl Many {
    /// What is to be said instead of `draft`, about an acquisition that leaks.
    pub(super) fn spoken(&self, subject: &Subject<'_>, mut draft: Draft) -> Draft {
        let never = draft.rule == never_closed::RULE.id || draft.rule == owner_never_closed::RULE.id;
        if let Some(instead) = client_per_call::instead_of(&draft, subject, &self.again, self.alike).filter(|_| never) {
            return instead;
        }
        if let Again::Entered(_) = self.again {
            draft.related.extend(client_per_call::path(subject.summaries.resolved.program, &self.again));
        }
        draft
    }

    /// How fast it grows, when that is not faster for another reason.
    pub(super) fn growth(&self, usual: Growth) -> Growth {
        match &self.again {
            Again::Entered(chain) if usual == Growth::Call => match chain.entered.way.by {
                EnteredBy::Request => Growth::Request,
                EnteredBy::Connection => Growth::Subscriber,
                EnteredBy::Job => Growth::Job,
                EnteredBy::Invocation => Growth::Invocation,
                EnteredBy::Render => Growth::Render,
                EnteredBy::Schedule => Growth::Tick,
            },
            _ => usual,
        }
    }
}
