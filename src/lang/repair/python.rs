//! Python files that do not parse: Python 2, half-typed code, merge conflicts.
//!
//! Ruff's parser recovers well by itself: a `print x` becomes two expressions, a missing `)` is inserted, and everything around
//! stays in the tree. That loses less than blanking the line, so its own tree is taken whenever the errors are *local*.
//! *Structural* errors are the ones where recovery loses more than the line: an open bracket that swallows the next statements, an
//! open triple-quoted string that swallows the rest of the file, a broken `def` header whose body then belongs to nobody.
//! For these, lines are left out at the same byte length and the text is parsed again, for a few rounds. Which lines, is proposed
//! by the positions of Ruff's errors, by the error nodes of tree-sitter's tree, and by triple-quoted strings that hold definitions:
//! after a missing triple quote all code is string and all documentation is code. The proposal with the fewest errors and the
//! most definitions wins, if it is better than leaving things as they are. Files that parse never see any of this.

use super::lines::{Lines, assigned_name, conflict_lines, is_definition, is_header, line_indent};
use super::strings::triple_quoted;
use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{Mod, ModModule, Stmt};
use ruff_python_parser::{
    InterpolatedStringErrorType, LexicalErrorType, Mode, ParseError, ParseErrorType, ParseOptions, parse_unchecked,
};
use ruff_text_size::{Ranged, TextRange, TextSize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Rounds of leaving out and parsing again.
const MAX_ROUNDS: usize = 6;

/// Rounds end when this much text was gone over, so that a large broken file costs no more than a second.
const MAX_REPAIRED_BYTES: usize = 3 << 20;

/// Larger files are repaired by Ruff's errors alone: tree-sitter's recovery takes seconds on long garbage.
const MAX_TREE_SITTER_BYTES: usize = 1 << 20;

/// Files with more structural errors than this are no Python; their tree is taken as it is.
const MAX_STRUCTURAL: usize = 200;

/// A range that does not parse.
#[derive(Clone, Debug)]
pub struct Problem {
    pub range: TextRange,
    /// Without position and without final stop.
    pub message: String,
}

/// Why a line was left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LeftOut {
    Syntax,
    /// The first line of a merge conflict.
    Conflict,
    /// Another line of it.
    ConflictSide,
}

/// A tree and the text it was made of, which has the offsets of the original.
pub struct Parsed<'a> {
    pub module: ModModule,
    pub text: Cow<'a, str>,
    /// Sorted, at most one for each line.
    pub problems: Vec<Problem>,
}

/// Parses, repairing where needed. Never fails: what cannot be saved is in `problems`.
pub fn parse(text: &str) -> Parsed<'_> {
    let first = Attempt::new(Cow::Borrowed(text));
    if first.errors.is_empty() {
        return Parsed { module: first.module, text: first.text, problems: Vec::new() };
    }
    let original_errors = first.errors.clone();
    let lines = Lines::new(text);
    let mut left_out: BTreeMap<usize, LeftOut> = BTreeMap::new();
    let mut best = match without_conflicts(text, &lines, &mut left_out) {
        Some(resolved) => Attempt::new(Cow::Owned(resolved)),
        None => first,
    };
    for round in 0..MAX_ROUNDS {
        if round > 0 && round * text.len() > MAX_REPAIRED_BYTES {
            break;
        }
        let structural = best.structural(&lines, &left_out);
        if structural.len() > MAX_STRUCTURAL {
            break;
        }
        let mut proposals: Vec<Vec<usize>> = Vec::new();
        if !structural.is_empty() {
            proposals.push(structural.iter().map(|error| best.culprit(error, &lines)).collect());
            if best.text.len() <= MAX_TREE_SITTER_BYTES {
                proposals.push(tree_sitter_lines(&best.text, &lines));
            }
        }
        if !best.errors.is_empty() {
            proposals.extend(string_with_code(&best.text, &lines).map(|line| vec![line]));
        }
        let mut winner: Option<((i64, usize), Attempt<'_>, Vec<usize>)> = None;
        for mut proposal in proposals {
            proposal.sort_unstable();
            proposal.dedup();
            proposal.retain(|line| !left_out.contains_key(line));
            if proposal.is_empty() || proposal.len() > MAX_STRUCTURAL {
                continue;
            }
            let attempt = Attempt::new(Cow::Owned(leave_out(&best.text, &lines, &proposal)));
            let mut out = left_out.clone();
            out.extend(proposal.iter().map(|line| (*line, LeftOut::Syntax)));
            let score = (attempt.cost(attempt.structural(&lines, &out).len()), proposal.len());
            if winner.as_ref().is_none_or(|(best, ..)| score < *best) {
                winner = Some((score, attempt, proposal));
            }
        }
        let Some(((cost, _), attempt, proposal)) = winner else { break };
        if cost >= best.cost(structural.len()) {
            break;
        }
        left_out.extend(proposal.into_iter().map(|line| (line, LeftOut::Syntax)));
        best = attempt;
    }
    let problems = problems(text, &best.errors, &original_errors, &left_out, &lines);
    Parsed { module: best.module, text: best.text, problems }
}

/// One parse.
struct Attempt<'a> {
    text: Cow<'a, str>,
    module: ModModule,
    errors: Vec<ParseError>,
}

impl<'a> Attempt<'a> {
    fn new(text: Cow<'a, str>) -> Self {
        let parsed = parse_unchecked(&text, ParseOptions::from(Mode::Module));
        let errors = parsed.errors().to_vec();
        let module = match parsed.into_syntax() {
            Mod::Module(module) => module,
            // `Mode::Module` gives no other.
            Mod::Expression(expression) => ModModule {
                node_index: expression.node_index,
                range: expression.range,
                body: Vec::<Stmt>::new().into(),
            },
        };
        Attempt { text, module, errors }
    }

    /// How bad the tree is: errors count against it, definitions that are part of it count for it.
    fn cost(&self, structural: usize) -> i64 {
        let definitions = count_definitions(&self.module.body);
        self.errors.len() as i64 + 3 * structural as i64 - 10 * definitions as i64
    }

    /// Errors where more is lost than their own line.
    fn structural(&self, lines: &Lines, left_out: &BTreeMap<usize, LeftOut>) -> Vec<ParseError> {
        let mut structural = Vec::new();
        // The line of the last error that is no indentation.
        let mut broken_line = None;
        for error in &self.errors {
            let line = lines.of(error.location.start().into());
            let is_structural = match &error.error {
                ParseErrorType::UnexpectedIndentation => {
                    // Wrong indentation alone is kept in the enclosing block, which is what was meant.
                    let before = lines.before(&self.text, line);
                    before.is_some_and(|before| broken_line == Some(before) && !left_out.contains_key(&before))
                }
                ParseErrorType::Lexical(
                    LexicalErrorType::UnclosedStringError
                    | LexicalErrorType::FStringError(InterpolatedStringErrorType::UnterminatedTripleQuotedString)
                    | LexicalErrorType::TStringError(InterpolatedStringErrorType::UnterminatedTripleQuotedString),
                )
                | ParseErrorType::FStringError(InterpolatedStringErrorType::UnterminatedTripleQuotedString)
                | ParseErrorType::TStringError(InterpolatedStringErrorType::UnterminatedTripleQuotedString) => {
                    lines.of(error.location.end().into()) > line + 1
                }
                ParseErrorType::ExpectedToken { expected, .. } => {
                    let closes = matches!(
                        expected,
                        TokenKind::Comma | TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::Colon
                    );
                    closes && lines.is_first_on_line(&self.text, error.location.start().into())
                }
                _ => false,
            };
            if is_structural {
                structural.push(error.clone());
            }
            if error.error != ParseErrorType::UnexpectedIndentation {
                broken_line = Some(line);
            }
        }
        structural
    }

    /// The line to leave out for a structural error.
    fn culprit(&self, error: &ParseError, lines: &Lines) -> usize {
        let start = error.location.start();
        let line = lines.of(start.into());
        match &error.error {
            ParseErrorType::UnexpectedIndentation => lines.before(&self.text, line).unwrap_or(line),
            // The statement that goes on where it should have ended.
            ParseErrorType::ExpectedToken { .. } => match innermost_start(&self.module.body, start) {
                Some(begin) => lines.of(begin.into()).min(line.saturating_sub(1)),
                None => line,
            },
            _ => line,
        }
    }
}

/// The bodies of a compound statement.
fn bodies(stmt: &Stmt) -> Vec<&[Stmt]> {
    match stmt {
        Stmt::FunctionDef(def) => vec![&def.body],
        Stmt::ClassDef(def) => vec![&def.body],
        Stmt::For(stmt) => vec![&stmt.body, &stmt.orelse],
        Stmt::While(stmt) => vec![&stmt.body, &stmt.orelse],
        Stmt::If(stmt) => {
            let clauses = stmt.elif_else_clauses.iter().map(|clause| &*clause.body);
            std::iter::once(&*stmt.body).chain(clauses).collect()
        }
        Stmt::With(stmt) => vec![&stmt.body],
        Stmt::Match(stmt) => stmt.cases.iter().map(|case| &*case.body).collect(),
        Stmt::Try(stmt) => {
            let handlers = stmt.handlers.iter().filter_map(|handler| handler.as_except_handler());
            let handlers = handlers.map(|handler| &*handler.body);
            [&*stmt.body, &*stmt.orelse, &*stmt.finalbody].into_iter().chain(handlers).collect()
        }
        _ => Vec::new(),
    }
}

/// Functions and classes, however deep.
fn count_definitions(body: &[Stmt]) -> usize {
    let mut count = 0;
    let mut todo = vec![body];
    while let Some(body) = todo.pop() {
        for stmt in body {
            count += usize::from(matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)));
            todo.extend(bodies(stmt));
        }
    }
    count
}

/// Start of the innermost statement that contains `at`.
fn innermost_start(body: &[Stmt], at: TextSize) -> Option<TextSize> {
    let mut found = None;
    let mut body = body;
    loop {
        // Statements are in order.
        let index = body.partition_point(|stmt| stmt.start() <= at);
        let Some(stmt) = index.checked_sub(1).and_then(|index| body.get(index)) else { return found };
        if stmt.end() < at {
            return found;
        }
        found = Some(stmt.start());
        let inner = bodies(stmt).into_iter().find(|body| {
            matches!((body.first(), body.last()), (Some(first), Some(last)) if first.start() <= at && at <= last.end())
        });
        match inner {
            Some(inner) => body = inner,
            None => return found,
        }
    }
}

/// Lines on which tree-sitter sees something wrong or missing.
fn tree_sitter_lines(text: &str, lines: &Lines) -> Vec<usize> {
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&tree_sitter_python::LANGUAGE.into()).is_err() {
        return Vec::new();
    }
    let Some(tree) = parser.parse(text, None) else { return Vec::new() };
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            found.push(lines.of(node.start_byte() as u32));
        }
        // An error may hold whole statements with errors of their own.
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

/// The first line of the first triple-quoted string that has a definition in it.
fn string_with_code(text: &str, lines: &Lines) -> Option<usize> {
    triple_quoted(text).find_map(|(start, end)| {
        let (first, last) = (lines.of(start as u32), lines.of(end as u32));
        let mut inside = first + 1..last;
        inside.any(|line| is_definition(lines.content(text, line))).then_some(first)
    })
}

/// Blanks the markers of merge conflicts and every side but the first. `None` when there are none.
fn without_conflicts(text: &str, lines: &Lines, left_out: &mut BTreeMap<usize, LeftOut>) -> Option<String> {
    for (line, first) in conflict_lines(text, lines) {
        left_out.insert(line, if first { LeftOut::Conflict } else { LeftOut::ConflictSide });
    }
    if left_out.is_empty() {
        return None;
    }
    let mut out = Vec::from(text);
    for line in left_out.keys() {
        lines.blank(&mut out, *line);
    }
    String::from_utf8(out).ok()
}

/// The text without these lines: a header of a block keeps the block, a statement becomes `pass`.
fn leave_out(text: &str, lines: &Lines, which: &[usize]) -> String {
    let mut out = Vec::from(text);
    for &line in which {
        let content = lines.content(text, line);
        let indent = line_indent(content);
        let deeper_follows =
            lines.after(text, line).is_some_and(|next| line_indent(lines.content(text, next)) > indent);
        let replacement = match is_header(content) {
            Some(header) if deeper_follows => header,
            // Text in column 0 would end the block around it; so would a `pass` there.
            _ if indent == 0 => String::new(),
            _ => match assigned_name(content) {
                // The variable stays one of this function; nothing is known about its value.
                Some(name) => format!("{name} = {name}"),
                None => "pass".to_owned(),
            },
        };
        lines.blank(&mut out, line);
        lines.write(&mut out, line, indent, &replacement);
    }
    // Blanking and ASCII replacements of whole lines leave valid UTF-8.
    String::from_utf8(out).unwrap_or_default()
}

fn problems(
    text: &str,
    errors: &[ParseError],
    original: &[ParseError],
    left_out: &BTreeMap<usize, LeftOut>,
    lines: &Lines,
) -> Vec<Problem> {
    let mut by_line: BTreeMap<usize, Problem> = BTreeMap::new();
    for error in errors {
        let line = lines.of(error.location.start().into());
        by_line
            .entry(line)
            .or_insert_with(|| Problem { range: lines.clip(error.location), message: error.error.to_string() });
    }
    // What was said about each line before anything was left out.
    let mut messages: BTreeMap<usize, &ParseError> = BTreeMap::new();
    for error in original {
        messages.entry(lines.of(error.location.start().into())).or_insert(error);
    }
    for (&line, why) in left_out {
        let message = match why {
            LeftOut::Syntax => {
                // An open bracket is noticed further down.
                let said = messages.range(line..).next();
                said.map_or_else(|| "Not valid Python".to_owned(), |(_, error)| error.error.to_string())
            }
            LeftOut::Conflict => "Merge conflict, of which only the first side is analysed".to_owned(),
            LeftOut::ConflictSide => continue,
        };
        by_line.insert(line, Problem { range: lines.code_range(text, line), message });
    }
    by_line.into_values().collect()
}
