//! Names, each kept once for the life of the process.
//!
//! A program mentions the same few thousand names millions of times. As a number of four bytes they make places and ops small, and to copy
//! or compare them costs nothing. What was interned is never given back: a name stays valid wherever it goes, and a process sees no more
//! names than its sources have.

use rustc_hash::{FxHashMap, FxHasher};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::{LazyLock, Mutex, PoisonError};

/// An identifier, a dotted path or another short text.
///
/// Names compare and hash by their text, so that nothing depends on which thread met a name first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name(NonZeroU32);

struct Interned {
    text: &'static str,
    hash: u64,
}

/// Threads that intern at the same time rarely meet in one of so many tables.
const SHARDS: usize = 64;

static TEXTS: boxcar::Vec<Interned> = boxcar::Vec::new();
static TABLES: LazyLock<Vec<Mutex<FxHashMap<&'static str, Name>>>> =
    LazyLock::new(|| (0..SHARDS).map(|_| Mutex::default()).collect());

/// Names that a thread remembers, so that it need not ask the tables for those it meets all the time.
const RECENT: usize = 4096;

thread_local! {
    static RECENTLY: RefCell<Vec<Option<Name>>> = const { RefCell::new(Vec::new()) };
}

fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Name {
    pub fn new(text: impl AsRef<str>) -> Name {
        Name::intern(Cow::Borrowed(text.as_ref()))
    }

    fn intern(text: Cow<'_, str>) -> Name {
        let hash = hash(&text);
        let slot = hash as usize % RECENT;
        let recent = RECENTLY.with_borrow(|recent| recent.get(slot).copied().flatten());
        if let Some(name) = recent.filter(|name| name.as_str() == text) {
            return name;
        }
        let name = Name::intern_shared(text, hash);
        RECENTLY.with_borrow_mut(|recent| {
            recent.resize(RECENT, None);
            recent[slot] = Some(name);
        });
        name
    }

    fn intern_shared(text: Cow<'_, str>, hash: u64) -> Name {
        let mut table = TABLES[(hash >> 32) as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.get(text.as_ref()) {
            return *known;
        }
        let text: &'static str = Box::leak(text.into_owned().into_boxed_str());
        let index = TEXTS.push(Interned { text, hash });
        // Four thousand million different names do not fit into memory.
        let name = Name(u32::try_from(index + 1).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX));
        table.insert(text, name);
        name
    }

    /// The name with this text, when there is one: what was never interned is in no table either.
    pub fn known(text: &str) -> Option<Name> {
        let table = TABLES[(hash(text) >> 32) as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        table.get(text).copied()
    }

    /// The parts with dots between them.
    pub fn dotted(parts: &[Name]) -> Name {
        Name::from(parts.iter().map(Name::as_str).collect::<Vec<_>>().join("."))
    }

    fn interned(self) -> &'static Interned {
        &TEXTS[self.0.get() as usize - 1]
    }

    pub fn as_str(&self) -> &'static str {
        self.interned().text
    }
}

impl Default for Name {
    fn default() -> Self {
        Name::new("")
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.interned().hash);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other { Ordering::Equal } else { self.as_str().cmp(other.as_str()) }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Name {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Name> for str {
    fn eq(&self, other: &Name) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Name> for &str {
    fn eq(&self, other: &Name) -> bool {
        *self == other.as_str()
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Name::new(text)
    }
}

impl From<&String> for Name {
    fn from(text: &String) -> Self {
        Name::new(text)
    }
}

impl From<&Name> for Name {
    fn from(name: &Name) -> Self {
        *name
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Name::intern(Cow::Owned(text))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Name::from(Cow::<str>::deserialize(deserializer)?.into_owned()))
    }
}
