//! Written ranges of versions, as in `package.json`, to the lowest version in them.

use semver::Version;

/// The lowest version that the range allows: 4.6.7 for `^4.6.7`, 3.0.0 for `3.x` and `>=3 <5`, 4.0.0 for `4 || 5`, the version itself for
/// one. `None` when the text bounds nothing (`*`, `latest`, `workspace:*`, `catalog:`) or is no range (a URL, a path). Pre-releases
/// count as the release they come before.
///
/// An alias (`npm:other@4`) says something about `package` only when it names it.
pub fn lowest(package: &str, text: &str) -> Option<Version> {
    let text = text.trim();
    let text = match text.strip_prefix("npm:") {
        Some(alias) => match alias.rsplit_once('@') {
            Some((name, range)) if name == package => range,
            Some((name, _)) if !name.is_empty() => return None,
            _ if alias.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@') => return None,
            _ => alias,
        },
        None => text.strip_prefix("workspace:").unwrap_or(text),
    };
    text.split("||").filter_map(lowest_of_all).min()
}

/// Whether a package of the project with this version may be what a manifest asks for: yes where the text says so (`workspace:*`,
/// `file:../x`) or bounds nothing, and when the version is in the range, as far as the first one tells.
pub fn may_mean(package: &str, text: &str, version: Option<&str>) -> bool {
    if is_local(text) {
        return true;
    }
    let Some(lowest) = lowest(package, text) else { return true };
    let Some(version) = version.and_then(|version| Version::parse(version.trim()).ok()) else { return false };
    let numbers = |version: &Version| (version.major, version.minor, version.patch);
    let same_major = version.major == lowest.major || text.contains(['>', '|']);
    same_major && numbers(&version) >= numbers(&lowest)
}

/// Whether the text names a directory of the project.
pub fn is_local(text: &str) -> bool {
    ["workspace:", "file:", "link:", "portal:"].iter().any(|start| text.trim_start().starts_with(start))
}

/// Of comparators that all hold.
fn lowest_of_all(text: &str) -> Option<Version> {
    let text = text.split_once(" - ").map_or(text, |(from, _)| from);
    let mut lowest: Option<Version> = None;
    let mut bounded_above = false;
    let mut operator = "";
    for word in text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        let at = word.find(|c: char| !matches!(c, '<' | '>' | '=' | '^' | '~')).unwrap_or(word.len());
        let (written, version) = word.split_at(at);
        if !written.is_empty() {
            operator = written;
        }
        if version.is_empty() {
            continue; // `>= 3`
        }
        let (version, parts) = parse(version)?;
        if operator.starts_with('<') {
            bounded_above = parts > 0;
        } else if parts > 0 {
            let version = if operator == ">" { after(version, parts) } else { version };
            lowest = lowest.max(Some(version));
        }
        operator = "";
    }
    lowest.or_else(|| bounded_above.then_some(Version::new(0, 0, 0)))
}

/// The next version that differs in the last of the first `parts` parts.
fn after(mut version: Version, parts: usize) -> Version {
    let part = match parts {
        1 => &mut version.major,
        2 => &mut version.minor,
        _ => &mut version.patch,
    };
    *part = part.saturating_add(1);
    version
}

/// `4`, `v4.6`, `4.6.7`, `4.x`, `*`, `4.0.0-rc.1+build`, and how many parts are given. `None` for anything else.
fn parse(text: &str) -> Option<(Version, usize)> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let text = text.split(['-', '+']).next()?;
    let mut numbers = [0; 3];
    let mut parts = 0;
    for (i, part) in text.split('.').enumerate() {
        if matches!(part, "x" | "X" | "*") {
            break;
        }
        *numbers.get_mut(i)? = part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()))?;
        parts = i + 1;
    }
    Some((Version::new(numbers[0], numbers[1], numbers[2]), parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        lowest("redis", text).map_or_else(|| "-".to_owned(), |version| version.to_string())
    }

    #[test]
    fn the_lowest_version_of_a_range() {
        for (text, expected) in [
            ("^4.6.7", "4.6.7"),
            ("4.6.7", "4.6.7"),
            ("=v4.6.7", "4.6.7"),
            ("~3", "3.0.0"),
            ("~>3.1", "3.1.0"),
            ("3.x", "3.0.0"),
            ("3.1.*", "3.1.0"),
            (">=3 <5", "3.0.0"),
            (">= 3.1 < 5", "3.1.0"),
            ("<5 >=3", "3.0.0"),
            (">3", "4.0.0"),
            (">3.1.2", "3.1.3"),
            ("<4", "0.0.0"),
            ("1.2 - 2.3.4", "1.2.0"),
            ("4 || 5", "4.0.0"),
            ("^5 || ^4.1", "4.1.0"),
            ("^4.0.0-rc.4", "4.0.0"),
            ("4.6.7+build", "4.6.7"),
            ("npm:redis@4", "4.0.0"),
            ("npm:redis@^3.1.2", "3.1.2"),
            ("npm:^3.1.2", "3.1.2"),
            ("workspace:^4.1.0", "4.1.0"),
            (" 4 ", "4.0.0"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_that_say_nothing() {
        for text in [
            "",
            "*",
            "x",
            ">=*",
            "^",
            "latest",
            "next",
            "workspace:*",
            "workspace:^",
            "catalog:",
            "catalog:redis4",
            "npm:ioredis@5",
            "npm:@scope/redis@5",
            "npm:ioredis",
            "file:../redis",
            "link:4",
            "github:redis/node-redis#v4",
            "redis/node-redis",
            "https://example.org/redis-4.0.0.tgz",
            "git+ssh://git@github.com/redis/node-redis.git#semver:^4",
            "patch:redis@npm%3A4.6.7#~/.yarn/patches/redis.patch",
            "4.0.0.0",
            "+4",
            "99999999999999999999",
            "é",
            "<",
            "||",
        ] {
            assert_eq!(of(text), "-", "{text}");
        }
    }

    #[test]
    fn packages_of_the_project_that_are_asked_for() {
        for (text, version, expected) in [
            ("workspace:^2", None, true),
            ("file:../x", Some("1.0.0"), true),
            ("*", None, true),
            ("catalog:", None, true),
            ("^4.18.0", Some("4.18.2"), true),
            ("^4.18.0", Some("4.18.0-beta.1"), true),
            ("^4.18.0", Some("4.2.0"), false),
            ("^4.18.0", Some("5.0.0"), false),
            (">=4", Some("5.0.0"), true),
            ("^4.18.0", None, false),
            ("^4.18.0", Some("?"), false),
        ] {
            assert_eq!(may_mean("x", text, version), expected, "{text} {version:?}");
        }
    }
}
