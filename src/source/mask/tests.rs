use super::*;

fn masked(text: &str) -> String {
    let out = mask(&Arc::from(text));
    assert_eq!(out.len(), text.len(), "{text}");
    assert_eq!(out.chars().count(), text.chars().count(), "{text}");
    assert_eq!(out.encode_utf16().count(), text.encode_utf16().count(), "{text}");
    let breaks = |text: &str| text.bytes().enumerate().filter(|(_, b)| matches!(b, b'\n' | b'\r')).collect::<Vec<_>>();
    assert_eq!(breaks(&out), breaks(text), "{text}");
    out.to_string()
}

/// `text` with what is between `«` and `»` as the secret.
fn hides(marked: &str) {
    let text = marked.replace(['«', '»'], "");
    let mut expected = String::new();
    let mut inside = false;
    for c in marked.chars() {
        match c {
            '«' | '»' => inside = c == '«',
            '\n' | '\r' => expected.push(c),
            _ if !inside => expected.push(c),
            c => expected.push(['*', '\u{b7}', '\u{2022}', '\u{1f512}'][c.len_utf8() - 1]),
        }
    }
    assert_eq!(masked(&text), expected);
}

#[test]
fn passwords_in_urls() {
    hides("redis.from_url('redis://user:«hunter2»@host:6379/0')");
    hides("redis.from_url('redis://:«hunter2»@host')");
    hides("'postgresql+psycopg://u:«p@ss»@db.example/x?y=a@b'");
    hides("'mongodb://u:«pä𝄞€s»@h1,h2/db'");
    hides("# see amqp://guest:«guest»@localhost// for details");
    hides("'redis://u:«pa/ss»@host'");
    hides("https://«ghs0123456789abcdef»@example.org/x");
    hides("u = f'postgres://{user}:«se{x}cret»@{host}:5432'");
    hides("u = f'postgres://{os.environ[\"U\"]}:«secret»@host'");
    hides("http://a:«b»@x.com http://c:«d»@y.com");
    hides("'http://proxy/http://c:«d»@y.com'");
}

#[test]
fn urls_without_passwords() {
    for text in [
        "'redis://host:6379/0'",
        "'http://localhost:8000/@scope/pkg'",
        "'https://git@example.org/x'",
        "f'redis://{user}:{password}@{host}'",
        "f'redis://{host}:{port}/a@b'",
        "'postgres://%s:%s@%s' ",
        "'redis://$USER:${PW}@host'",
        "'://' '://@' 'x://:@h'",
    ] {
        hides(text);
    }
}

#[test]
fn values_of_secret_names() {
    hides("password = '«hunter2»'");
    hides("DB_PASSWORD: str = \"«hunter2»\"");
    hides("connect(host='h', password='«hunter2»', port=1)");
    hides("connect(passwd = rb\"«hun\\\"ter2»\")");
    hides("cfg = {'password': '«hunter2»', \"api_key\" : '«k»', 'user': 'me'}");
    hides("os.environ['PGPASSWORD'] = '«x»'");
    hides("os.getenv('DB_PASSWORD', '«x»')");
    hides("SECRET_KEY = (\n    '«abc»'\n    '«def»'\n)");
    hides("token = '''«a\r\nb»'''");
    hides("requests.get(u, auth=('«me»', '«hunter2»'))");
    hides("requests.get(u, auth=(USER, '«hunter2»'))");
    hides("aiohttp.BasicAuth('«me»', password='«hunter2»')");
    hides("SecretStr('«x»')");
    hides("if password == '«hunter2»':");
    hides("headers = {'Authorization': 'Bearer «abcdefghijkl»'}".replace("Bearer «", "«Bearer ").as_str());
    hides("h = f'Bearer «abcdefghijkl»'");
    hides("const cfg = {apiKey: '«k1»', clientSecret: `«k2»`}");
    hides("# don't: password='«hunter2»'");
    hides("token = '«unterminated»\nx = 1");
    hides("token = '''«unterminated\nx = 1»");
}

#[test]
fn inside_strings() {
    hides("connect('host=db password=«hunter2» dbname=x')");
    hides("connect(\"host=db password='«hun ter2»' dbname=x\")");
    hides("'Server=x;Pwd=«hunter2»;Database=y'");
    hides("'redis://host?password=«hunter2»&db=1'");
    hides("c = '{\"password\": \"«hunter2»\"}'");
    hides("c = \"{\\\"password\\\": \\\"«hunter2»\\\"}\"");
    hides("'''\n[redis]\npassword = «hunter2»\n'''");
    hides("f'host={h} password={password} token={t}'");
    hides("'password=%s' % password");
}

#[test]
fn code_stays() {
    for text in [
        "connect(password=password, token=get_token())",
        "def f(password: str, token: str | None = None, auth=None): ...",
        "password = os.environ['X']",
        "author = 'Jane'",
        "token_url = '/login'",
        "for token in tokens: pass",
        "passes = 'x'",
        "password = ''",
        "f'{password=} {x}'",
        "fields = ['password', 'email', 'token']",
        "h = {'Authorization': f'Bearer {token}', 'X': f'Token {t}'}",
        "def f():\n    '''Gets the token:\n    '''\n    return 'x'\n",
        "print('token:', 'x')",
        "'''Set `token` to: `x`\n`y`'''",
    ] {
        hides(text);
    }
}

#[test]
fn javascript_sources() {
    hides("new Pool({ user: 'me', password: '«hunter2»' })");
    hides("new Pool({ password: `«hunter2»`, port: 1 })");
    hides("new Redis({ password: process.env.REDIS_PASSWORD || '«hunter2»' })");
    hides("const password = process.env.DB_PASSWORD ?? \"«hunter2»\";");
    hides("const secret = process.env['JWT_SECRET'] || '«x»'");
    hides("const apiKey: string = '«k1»'");
    hides("this.#password = '«x»'");
    hides("readonly dbPassword?: string = '«x»'");
    hides("new Client(`postgres://${user}:«hunter2»@${host}/db`)");
    hides("createClient({ url: \"redis://:«hunter2»@localhost:6379\" })");
    hides("const uri = process.env.URI || 'mongodb+srv://u:«p»@h/db'");
    hides("headers: { Authorization: `Bearer «abcdefghijkl»` }".replace("Bearer «", "«Bearer ").as_str());
    hides("headers.set('Authorization', '«Bearer abcdefghijkl»')");
    hides("client.auth('«me»', '«hunter2»')");
    hides("x.password ||= '«x»'; y.token ??= '«y»'");
    hides("// it's the password: '«hunter2»'\n");
    hides("/* it's */ const password = '«hunter2»'");
    hides("if (req.headers['x-api-key'] !== '«k1»') {}");
    hides("const password = isProd ? env.P : '«hunter2»'");
    for text in [
        "new Pool({ password, user: 'me' })",
        "new Pool({ password: process.env.PGPASSWORD, user: 'me' })",
        "const token = await getToken('name')",
        "const url = `postgres://${user}:${password}@${host}/db`",
        "function f(password: string, mode: 'a' | 'b') {}",
        "<input type=\"password\" name='x' />",
        "import { auth } from './auth'",
        "type A = { token?: string; kind: 'x' }",
        "const { token } = require('./x')",
        "switch (token) { case 'x': break }",
        "password = req.body.password; user = 'me'",
        "const password = this.config.get('DB_PASSWORD')",
    ] {
        hides(text);
    }
}

#[test]
fn tokens_and_keys() {
    hides("aws = 'AKIA«IOSFODNN7EXAMPLE»'");
    hides("x = 'ghp_«0123456789abcdefghij0123456789»'");
    hides("x = 'sk_live_«0123456789abcdefghij»'");
    hides("AKIRA = 1; task_xoxb = 'sk-'");
    hides("k = '''-----BEGIN RSA PRIVATE KEY-----«\nMIIE\r\nab/+=\n»-----END RSA PRIVATE KEY-----'''");
    hides("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----");
}

#[test]
fn nothing_to_hide_costs_nothing() {
    let text: Arc<str> = "r = redis.Redis()\n".into();
    assert!(Arc::ptr_eq(&text, &mask(&text)));
}

/// Small pieces at random: no panic, same shape, and masking twice changes nothing more.
#[test]
fn any_text() {
    let pieces = [
        "password",
        "token",
        "=",
        ":",
        "'",
        "\"",
        "'''",
        "\\",
        "\r\n",
        "\n",
        "://",
        "@",
        "/",
        "{",
        "}",
        "(",
        ",",
        " ",
        "é",
        "𝄞",
        "f",
        "AKIA",
        "0123456789ABCDEF",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "-----END",
        "Bearer ",
        "[",
        "]",
        "`",
        "auth",
        "_",
        "-",
    ];
    let mut seed = 7u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..(seed % 23) + 1 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        masked(&text);
    }
}

#[test]
fn takes_linear_time() {
    for piece in [
        "://",
        "://{",
        "{://}",
        "password",
        "password='",
        "password=\"\"\"",
        "'password'",
        "token: ",
        "auth=(",
        "auth=(x,",
        "x:y@",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY",
        "passwordé",
        "\\",
        "'",
        "password=\\'",
        "Bearer ",
        "eyJ",
        "auth=('a',",
        "token=(f",
    ] {
        let started = std::time::Instant::now();
        masked(&piece.repeat(400_000 / piece.len()));
        assert!(started.elapsed().as_secs() < 5, "{piece}: {:?}", started.elapsed());
    }
}
