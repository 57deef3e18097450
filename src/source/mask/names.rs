//! Names of things that are secret.

/// What makes it worth looking at a name. Matched in any case.
pub(super) const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pass",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "access-key",
    "accesskey",
    "private_key",
    "private-key",
    "privatekey",
    "account_key",
    "accountkey",
    "auth",
    "credential",
    "encryption_key",
    "signing_key",
    "master_key",
    "service_key",
    "shared_key",
];

/// Words that make a name secret.
const SECRET: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "pass",
    "pwd",
    "secret",
    "secrets",
    "token",
    "tokens",
    "apikey",
    "accesskey",
    "privatekey",
    "accountkey",
    "auth",
    "authorization",
    "credential",
    "credentials",
];

/// Ends of words written together: `PGPASSWORD`, `authtoken`.
const SECRET_ENDS: &[&str] = &["password", "passwd", "passphrase", "secret", "token", "apikey"];

/// Words that make a `key` secret.
const KEY_OF: &[&str] =
    &["api", "access", "private", "account", "secret", "auth", "encryption", "signing", "master", "service", "shared"];

/// Last words of names that hold something *about* a secret.
const ABOUT: &[&str] = &[
    "url",
    "uri",
    "type",
    "name",
    "field",
    "file",
    "filename",
    "path",
    "endpoint",
    "header",
    "length",
    "min",
    "max",
    "expires",
    "expiry",
    "ttl",
    "timeout",
    "prefix",
    "hasher",
    "hashers",
    "validators",
    "form",
    "class",
    "scheme",
    "algorithm",
    "env",
    "var",
    "label",
    "help",
    "prompt",
    "kind",
    "count",
    "size",
    "limit",
    "regex",
    "pattern",
    "version",
    "format",
    "model",
    "view",
    "backend",
    "backends",
    "method",
    "mode",
    "provider",
    "user",
    "host",
    "port",
    "enabled",
    "required",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sensitivity {
    None,
    /// What is assigned to it is secret.
    Value,
    /// So are its arguments: `BasicAuth("user", "secret")`, `SecretStr("secret")`.
    Wrapper,
}

/// How secret the value of the name is: `DB_PASSWORD`, `clientSecret`, `x-api-key`.
pub(super) fn sensitivity(name: &str) -> Sensitivity {
    let words = words(name);
    let last = words.iter().rev().find(|word| !word.bytes().all(|b| b.is_ascii_digit()));
    let Some(last) = last.filter(|last| !ABOUT.contains(&last.as_str())) else { return Sensitivity::None };
    let is_key = |pair: &[String]| KEY_OF.contains(&pair[0].as_str()) && matches!(pair[1].as_str(), "key" | "keys");
    let is_secret = |word: &String| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        SECRET.contains(&word) || SECRET_ENDS.iter().any(|end| word.ends_with(end))
    };
    if !words.iter().any(is_secret) && !words.windows(2).any(is_key) {
        return Sensitivity::None;
    }
    let wraps = matches!(last.as_str(), "auth" | "password" | "secret") || name == "SecretStr" || name == "SecretBytes";
    if wraps { Sensitivity::Wrapper } else { Sensitivity::Value }
}

/// The words of a name in snake, kebab or camel case, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower_before = false;
    let mut fresh = true;
    for c in name.chars() {
        if c == '_' || c == '-' {
            fresh = true;
            continue;
        }
        if fresh || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        fresh = false;
        lower_before = c.is_lowercase();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_names() {
        for name in [
            "password",
            "DB_PASSWORD",
            "db_passwd",
            "redisPassword",
            "pwd",
            "PGPASS",
            "user_pass",
            "client_secret",
            "clientSecret",
            "SECRET_KEY",
            "api_key",
            "apiKey",
            "x-api-key",
            "X-Api-Key",
            "apikey",
            "AWS_SECRET_ACCESS_KEY",
            "access_key_id",
            "auth_token",
            "token2",
            "http_auth",
            "Authorization",
            "credentials",
            "password_1",
            "private_key",
        ] {
            assert_eq!(sensitivity(name) != Sensitivity::None, name != "PGPASS", "{name}");
        }
    }

    #[test]
    fn names_of_other_things() {
        for name in [
            "author",
            "passes",
            "token_url",
            "tokenizer",
            "password_field",
            "authenticated",
            "key",
            "primary_key",
            "bypass",
            "token_type",
        ] {
            assert_eq!(sensitivity(name), Sensitivity::None, "{name}");
        }
    }
}
