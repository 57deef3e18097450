//! Classes: fields, constructors, methods, prototypes.

use super::{check, check_in};
use crate::source::Language;

#[test]
fn fields_are_filled_by_the_constructor() {
    check(
        r#"
class A {
  private client: Redis = new Redis();
  other?: Pool;
  #x = 1;
  ["y"] = 2;
  constructor(n) { this.n = n; }
}
"#
        .trim_start(),
        r"
class A
  field client: Redis
  field other: Pool
  field #x
  field y
  method constructor = #1 A.constructor

fn <module>()   [module]
  b0:
    @A = class A
    @A.constructor = closure #1 A.constructor
    return

fn A.constructor(this:this, $0:n)   [constructor]
  b0:
    %0 = new @Redis()
    this.client <- move %0
    this.#x = 1
    this.y = 2
    this.n <- $0:n
    return
",
    );
}

#[test]
fn fields_follow_super() {
    check(
        r"
class A extends B { x = make(); constructor(y) { before(); super(y); after(); } }
class C extends B { x = make(); }
class D { x = make(); }
"
        .trim_start(),
        r"
class A(B)
  field x
  method constructor = #1 A.constructor
class C(B)
  field x
  method constructor = #2 C.constructor
class D
  field x
  method constructor = #3 D.constructor

fn <module>()   [module]
  b0:
    @A = class A
    @A.constructor = closure #1 A.constructor
    @C = class C
    @C.constructor = closure #2 C.constructor
    @D = class D
    @D.constructor = closure #3 D.constructor
    return

fn A.constructor(this:this, $0:y)   [constructor]
  b0:
    %0 = call @before()
    %1 = call super.constructor($0:y)
    %2 = call @make()
    this.x <- move %2
    %3 = call @after()
    return

fn C.constructor(this:this, *$0:args)   [constructor]
  b0:
    %0 = call super.constructor(*$0:args)   ; synth
    %1 = call @make()
    this.x <- move %1
    return

fn D.constructor(this:this)   [constructor]
  b0:
    %0 = call @make()
    this.x <- move %0
    return
",
    );
}

#[test]
fn parameter_properties() {
    check_in(
        Language::TypeScript,
        r#"
class A { x = this.db; constructor(private readonly db: Db, public name = "n", other?: string) {} }
"#
        .trim_start(),
        r#"
class A
  field x
  field db: Db
  field name
  method constructor = #1 A.constructor

fn <module>()   [module]
  b0:
    @A = class A
    @A.constructor = closure #1 A.constructor
    return

fn A.constructor(this:this, $0:db: Db, $1:name, $2:other: string? = null)   [constructor]
  b0:
    if $1:name is null goto b1 else b2
  b1:
    $1:name = "n"
    goto b2
  b2:
    this.db <- $0:db   ; synth
    this.name <- $1:name   ; synth
    this.x <- this.db
    return
"#,
    );
}

#[test]
fn functions_in_fields_are_methods() {
    check(
        r"
class A {
  close = async () => { await this.x.end(); };
  open = function () { return this.x; };
  private static make = () => this.y;
}
"
        .trim_start(),
        r"
class A
  field close
  field open
  method close = #1 A.close
  method open = #2 A.open
  method make = #3 A.make

fn <module>()   [module]
  b0:
    @A = class A
    @A.close = closure #1 A.close
    @A.open = closure #2 A.open
    @A.make = closure #3 A.make
    return

async fn A.close(this:this)   [method]
  b0:
    %0 = call this.x.end()
    %1 = await %0
    return

fn A.open(this:this)   [method]
  b0:
    result <- this.x
    return

fn A.make(this:this)   [method, bound to the class]
  b0:
    result <- this.y
    return
",
    );
}

#[test]
fn accessors_static_and_private() {
    check(
        r"
class A {
  get x() { return this.#x; }
  set x(v) { this.#x = v; }
  #m() {}
  private p() { this.#m(); }
  static async make() { return new A(); }
  static pool = new Pool();
}
"
        .trim_start(),
        r"
class A
  method x = #1 A.x
  method set x = #2 A.set x
  method #m = #3 A.#m
  method p = #4 A.p
  method make = #5 A.make

fn <module>()   [module]
  b0:
    @A = class A
    @A.x = closure #1 A.x
    @A.set x = closure #2 A.set x
    @A.#m = closure #3 A.#m
    @A.p = closure #4 A.p
    @A.make = closure #5 A.make
    %0 = new @Pool()
    @A.pool <- move %0
    return

fn A.x(this:this)   [accessor]
  b0:
    result <- this.#x
    return

fn A.set x(this:this, $0:v)   [accessor]
  b0:
    this.#x <- $0:v
    return

fn A.#m(this:this)   [method]
  b0:
    return

fn A.p(this:this)   [method]
  b0:
    %0 = call this.#m()
    return

async fn A.make(this:this)   [method, bound to the class]
  b0:
    %0 = new @A()
    result <- move %0
    return
",
    );
}

#[test]
fn bases() {
    check(
        r#"
class A extends ns.Base<string, Redis> implements I {}
class B extends mixin(A) { close() { super.close(); super["end"](); return () => super.close(); } }
class C extends require("events").EventEmitter {}
"#
        .trim_start(),
        r"
class A(ns.Base[string, Redis])
class B(<expression>)
  method close = #1 B.close
class C(<expression>)

fn <module>()   [module]
  b0:
    @A = class A
    %0 = call @mixin(@A)
    @B = class B
    @B.close = closure #1 B.close
    %1 = symbol events.EventEmitter
    @C = class C
    return

fn B.close(this:this)   [method]
  b0:
    %0 = call super.close()
    %1 = call super.end()
    %2 = closure #2 B.close.<arrow> ^0=this
    result <- move %2
    return

fn B.close.<arrow>()   [closure, captures ^0:this]
  b0:
    %0 = call ^0:this.close()
    result <- move %0
    return
",
    );
}

#[test]
fn decorators() {
    check_in(
        Language::TypeScript,
        r#"
@Injectable()
export class A {
  @Input() name: string;
  constructor(@InjectRepository(User) private users: Repository<User>) {}
  @Cron("* * * * *") async tick() {}
}
"#
        .trim_start(),
        r#"
class A @Injectable
  field name: string
  field users: Repository[User]
  method constructor = #1 A.constructor
  method tick = #2 A.tick

fn <module>()   [module]
  b0:
    %0 = call @Injectable()
    @A = class A
    %1 = call @Input()
    %2 = call @InjectRepository(@User)
    @A.constructor = closure #1 A.constructor
    %4 = call @Cron("* * * * *")
    @A.tick = closure #2 A.tick
    return

fn A.constructor(this:this, $0:users: Repository[User])   [constructor]
  b0:
    this.users <- $0:users   ; synth
    return

@Cron
async fn A.tick(this:this)   [method]
  b0:
    return
"#,
    );
}

#[test]
fn overloads_and_abstract_methods_have_no_body() {
    check_in(
        Language::TypeScript,
        r"
abstract class A { m(a: string): void; m(a: any) { return a; } abstract n(): void; declare x: Redis; [key: string]: any; }
declare class B { m(): void }
declare function g(): void;
function h(a: string): void;
function h(a: any) {}
"
        .trim_start(),
        r"
class A
  field x: Redis
  method m = #2 A.m

fn <module>()   [module]
  b0:
    @h = closure #1 h
    @A = class A
    @A.m = closure #2 A.m
    return

fn h($0:a)   [plain]
  b0:
    return

fn A.m(this:this, $0:a)   [method]
  b0:
    result <- $0:a
    return
",
    );
}

#[test]
fn prototypes() {
    check_in(
        Language::JavaScript,
        r#"
var util = require("util");
function F(x) { Base.call(this, x); this.x = x; }
util.inherits(F, Base);
F.prototype.close = function () { this.x.end(); };
F.make = function () { return new F(); };
var G = function () { this.y = 1; };
G.prototype = { m: function () { return this.y; }, n() {}, k: 1 };
G.prototype.o = () => 1;
module.exports = F;
"#
        .trim_start(),
        r"
class F(Base)
  method constructor = #1 F.constructor
  method close = #2 F.close
class G
  method constructor = #4 G.constructor
  method m = #5 G.m
  method n = #6 G.n

fn <module>()   [module]
  b0:
    @F = class F
    @F.constructor = closure #1 F.constructor
    @util = symbol util
    %0 = call @util.inherits(@F, @Base)
    @F.close = closure #2 F.close
    %1 = closure #3 make
    @F.make <- move %1
    @G = class G
    @G.constructor = closure #4 G.constructor
    @G.m = closure #5 G.m
    @G.n = closure #6 G.n
    @G.k = 1
    %2 = closure #7 o
    @G.prototype.o <- move %2
    @module.exports <- @F
    return

fn F.constructor(this:this, $0:x)   [constructor]
  b0:
    %0 = call super.constructor($0:x)
    this.x <- $0:x
    return

fn F.close(this:this)   [method]
  b0:
    %0 = call this.x.end()
    return

fn make()   [plain]
  b0:
    %0 = new @F()
    result <- move %0
    return

fn G.constructor(this:this)   [constructor]
  b0:
    this.y = 1
    return

fn G.m(this:this)   [method]
  b0:
    result <- this.y
    return

fn G.n(this:this)   [method]
  b0:
    return

fn o()   [plain]
  b0:
    result = 1
    return
",
    );
}

#[test]
fn class_expressions() {
    check(
        r"
const A = class extends B { m() {} };
export default class { m() {} }
f(class { static x = 1; });
"
        .trim_start(),
        r"
class A(B)
  method m = #1 A.m
class default
  method m = #2 default.m
class <class>

fn <module>()   [module]
  b0:
    %0 = class A
    %0.m = closure #1 A.m
    @A <- move %0
    %1 = class default
    %1.m = closure #2 default.m
    @exports.default <- move %1
    %2 = class <class>
    %2.x = 1
    %3 = call @f(%2)
    return

fn A.m(this:this)   [method]
  b0:
    return

fn default.m(this:this)   [method]
  b0:
    return
",
    );
}

#[test]
fn classes_in_functions() {
    check(
        r"
function f(a) { class A extends a.B { x = a; static s = a; m() { return A; } } return new A(); }
"
        .trim_start(),
        r"
class f.A(a.B)
  field x
  method m = #2 f.A.m
  method constructor = #3 f.A.constructor

fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:a)   [plain]
  b0:
    %0:A = class f.A
    %0:A.s <- $0:a
    %0:A.m = closure #2 f.A.m ^0=%0:A
    %0:A.constructor = closure #3 f.A.constructor ^0=$0:a
    %1 = new %0:A()
    result <- move %1
    return

fn f.A.m(this:this)   [method, captures ^0:A]
  b0:
    result <- ^0:A
    return

fn f.A.constructor(this:this, *$0:args)   [constructor, captures ^0:a]
  b0:
    %0 = call super.constructor(*$0:args)   ; synth
    this.x <- ^0:a
    return
",
    );
}
