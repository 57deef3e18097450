//! What lines look like: where statements begin, what closes them, what can stand in place of a broken header.

/// A line that is not the rest of the statement on the line before.
pub(super) fn begins_item(content: &str) -> bool {
    let Some(first) = content.chars().next() else { return false };
    let joins = |word: &str| {
        content.strip_prefix(word).is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '(' | ':' | '='))
        })
    };
    let closes = matches!(
        first,
        ')' | ']' | '}' | '>' | '.' | '?' | ':' | '&' | '|' | '=' | ',' | ';' | '*' | '%' | '^' | '{' | '+' | '`'
    ) || content.starts_with("</")
        || content.starts_with("/>")
        || (first == '-' && !content.starts_with("--"));
    // A generator method.
    let generator = first == '*'
        && content[1..].trim_start().starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '$' | '['));
    (!closes || content.starts_with("++") || generator)
        && !["else", "finally", "as", "satisfies", "instanceof", "implements", "extends"].iter().any(|word| joins(word))
        && !(content.starts_with("catch") && content[5..].trim_start().starts_with(['(', '{']))
}

/// Nothing but closing brackets.
pub(super) fn is_closer(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(['}', ')', ']']) && line.chars().all(|c| matches!(c, '}' | ')' | ']' | ';' | ','))
}

pub(super) fn indented(line: &str, content: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    format!("{}{content}", &line[..indent])
}

/// The content in place of that of the line, further left if it is longer.
pub(super) fn placed(line: &str, content: &str) -> Option<String> {
    let indent = line.len() - line.trim_start().len();
    let room = line.len().checked_sub(content.len())?;
    Some(format!("{}{content}", " ".repeat(room.min(indent))))
}

/// The line with closers at its end, at the same length.
pub(super) fn with_closers(line: &str, closers: &str) -> Option<String> {
    let content = line.trim_end();
    let trimmed = content.trim_end_matches([';', ',']).trim_end();
    // What may be overwritten at the end, and then what may be moved to the left.
    if line.len() - trimmed.len() >= closers.len() {
        return Some(format!("{trimmed}{closers}"));
    }
    if is_closer(trimmed) {
        let moved = format!("{}{closers}", trimmed.trim_start());
        let room = line.len().checked_sub(moved.len())?;
        return Some(format!("{}{moved}", " ".repeat(room)));
    }
    let indent = line.len() - line.trim_start().len();
    let room = (line.len() - trimmed.len()) + indent;
    if room >= closers.len() {
        return Some(format!("{}{}{closers}", " ".repeat(room - closers.len()), trimmed.trim_start()));
    }
    None
}

/// Headers that open a block in place of a broken one, the likeliest first.
pub(super) fn headers(line: &str) -> Vec<String> {
    let words: Vec<&str> = line
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
        .filter(|word| !word.is_empty())
        .collect();
    let after = |word: &str| words.iter().position(|w| *w == word).and_then(|at| words.get(at + 1)).copied();
    let begins = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
    let name = |word: Option<&str>| word.filter(|word| word.starts_with(begins)).unwrap_or("_").to_owned();
    let asynchronous = if words.contains(&"async") { "async " } else { "" };
    const MODIFIERS: &[&str] = &[
        "export",
        "default",
        "async",
        "public",
        "private",
        "protected",
        "static",
        "readonly",
        "override",
        "get",
        "set",
        "abstract",
    ];
    const CONTROL: &[&str] =
        &["if", "for", "while", "switch", "try", "do", "else", "catch", "finally", "with", "return", "case"];
    let first = words.iter().copied().find(|word| !MODIFIERS.contains(word));
    let mut headers = Vec::new();
    if words.contains(&"class") {
        headers.push(format!("class {} {{", name(after("class"))));
    } else if words.contains(&"function") {
        headers.push(format!("{asynchronous}function {}(){{", name(after("function"))));
    } else if line.contains("=>") {
        let bound = ["const", "let", "var"].iter().find_map(|word| after(word)).or(first);
        headers.push(format!("{asynchronous}function {}(){{", name(bound)));
        headers.push(format!("{asynchronous}{}(){{", name(bound)));
    } else if first.is_some_and(|first| CONTROL.contains(&first)) {
        headers.push("{".to_owned());
    } else if line.contains('(') {
        headers.push(format!("{asynchronous}{}(){{", name(first)));
    }
    headers.push("{".to_owned());
    headers
}
