//! The grammar in which catalogue files name callables.
//!
//! ```text
//! path   = dotted                the function or class that an import reaches under this name
//!        | dotted "#" name       method `name` of an instance of the type with id `dotted`
//!        | dotted "#()"          calling an instance of that type
//! dotted = name { "." name }
//! name   = one or more of: letters, digits, `_ $ - @ / :`
//! ```

use std::fmt;

/// What the matcher calls "calling the instance".
pub const CALL: &str = "()";

/// A parsed path; borrows from the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AccessPath<'a> {
    /// The canonical dotted path of a function or class.
    Function(&'a str),
    /// `name` is [`CALL`] for calling the instance.
    Method { ty: &'a str, name: &'a str },
}

/// Why a text is no path. Its message completes "`text` ...".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathError {
    Empty,
    EmptySegment,
    BadCharacter(char),
    TwoHashes,
    NestedMethod,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathError::Empty => f.write_str("is empty"),
            PathError::EmptySegment => f.write_str("has an empty segment: a dot or `#` with nothing beside it"),
            PathError::BadCharacter(c) => write!(f, "has the character {c:?}, which no name has"),
            PathError::TwoHashes => f.write_str("has more than one `#`"),
            PathError::NestedMethod => f.write_str("has a dot after `#`; give the attribute a type id of its own"),
        }
    }
}

impl<'a> AccessPath<'a> {
    pub fn parse(text: &'a str) -> Result<Self, PathError> {
        let Some((ty, name)) = text.split_once('#') else {
            check_dotted(text)?;
            return Ok(AccessPath::Function(text));
        };
        if name.contains('#') {
            return Err(PathError::TwoHashes);
        }
        check_dotted(ty)?;
        if name != CALL {
            if name.contains('.') {
                return Err(PathError::NestedMethod);
            }
            check_name(name)?;
        }
        Ok(AccessPath::Method { ty, name })
    }
}

impl fmt::Display for AccessPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccessPath::Function(path) => f.write_str(path),
            AccessPath::Method { ty, name } => write!(f, "{ty}#{name}"),
        }
    }
}

/// Checks a dotted path (`redis.client`): also type ids and release steps.
pub fn check_dotted(text: &str) -> Result<(), PathError> {
    if text.is_empty() {
        return Err(PathError::Empty);
    }
    text.split('.').try_for_each(check_name)
}

/// Checks one name.
pub fn check_name(text: &str) -> Result<(), PathError> {
    if text.is_empty() {
        return Err(PathError::EmptySegment);
    }
    match text.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '@' | '/' | ':'))) {
        Some(c) => Err(PathError::BadCharacter(c)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_parsed_prints_as_it_was_written() {
        for text in ["setInterval", "redis.asyncio.from_url", "redis.client#pubsub", "sqlalchemy.sessionmaker#()"] {
            assert_eq!(AccessPath::parse(text).unwrap().to_string(), text);
        }
        for text in ["@aws-sdk/client-s3.S3Client", "unittest.test-case#addCleanup", "größe.maß"] {
            assert_eq!(AccessPath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_parts_are_those_of_the_grammar() {
        assert_eq!(AccessPath::parse("a.b.C"), Ok(AccessPath::Function("a.b.C")));
        assert_eq!(AccessPath::parse("a.b#m"), Ok(AccessPath::Method { ty: "a.b", name: "m" }));
        assert_eq!(AccessPath::parse("a.b#()"), Ok(AccessPath::Method { ty: "a.b", name: CALL }));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for (text, error) in [
            ("", PathError::Empty),
            ("#m", PathError::Empty),
            ("a..b", PathError::EmptySegment),
            (".a", PathError::EmptySegment),
            ("a#", PathError::EmptySegment),
            ("a()", PathError::BadCharacter('(')),
            ("a b", PathError::BadCharacter(' ')),
            ("a#m()", PathError::BadCharacter('(')),
            ("a#b#c", PathError::TwoHashes),
            ("a#b.c", PathError::NestedMethod),
        ] {
            assert_eq!(AccessPath::parse(text), Err(error), "{text}");
        }
    }
}
