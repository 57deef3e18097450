//! Imports, exports, namespaces.

use super::{check_exports, check_exports_in, check_in};
use crate::source::Language;

#[test]
fn imports() {
    check_in(
        Language::TypeScript,
        r#"
import Redis, { Cluster as C, type Options } from "ioredis";
import * as pg from "node:pg";
import type { Db } from "./db";
import "side";
import fs = require("fs");
const { Pool, Client: { x }, ...rest } = require("pg");
const { a = 1, "b": c } = require("m");
const one = require("m").one, m = require("node:m");
f(require("n").g, require("n"));
async function f() { const { Pool } = await import("pg"); }
function g(require) { return require("x"); }
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @Redis = symbol ioredis.default
    @C = symbol ioredis.Cluster
    @Options = symbol ioredis.Options
    @pg = symbol pg
    @Db = symbol ./db.Db
    @f = closure #1 f
    @g = closure #2 g
    @fs = symbol fs
    %0 = symbol pg
    @Pool <- %0.Pool
    @x <- %0.Client.x
    %1 = build [*]=%0[*]
    @rest <- move %1
    %2 = symbol m.a
    @a <- %2
    if @a is null goto b1 else b2
  b1:
    @a = 1
    goto b2
  b2:
    %3 = symbol m
    @c <- %3.b
    @one = symbol m.one
    @m = symbol m
    %4 = symbol n.g
    %5 = symbol n
    %6 = call @f(%4, %5)
    return

async fn f()   [plain]
  b0:
    %1 = symbol pg
    %2 = await %1
    %0:Pool <- %2.Pool
    return

fn g($0:require)   [plain]
  b0:
    %1 = call $0:require("x")
    result <- move %1
    return
"#,
    );
}

#[test]
fn exports() {
    check_exports_in(
        Language::TypeScript,
        r#"
export const a = 1, { b, c: [d] } = x;
export function f() {}
export class A {}
export { a as e, f as default };
export { g, h as i } from "./other";
export * from "./all";
export * as ns from "./ns";
export type T = string;
export enum E { X, Y = f() }
"#
        .trim_start(),
        r"
class A

fn <module>()   [module]
  b0:
    @f = closure #1 f
    @a = 1
    @b <- @x.b
    @d <- @x.c[0]
    @A = class A
    @exports.e <- @a
    @exports.default <- @f
    @exports.g = symbol ./other.g
    @exports.i = symbol ./other.h
    @exports.ns = symbol ./ns
    @T <- @string   ; synth
    %2 = build
    %3 = call @f()
    @E = build .X=%2 .Y=%3
    return

fn f()   [plain]
  b0:
    return
",
        "a, b, d, f, A, e, default, g from ./other, i from ./other, * from ./all, ns from ./ns, T, E",
    );
}

#[test]
fn default_exports() {
    check_exports(
        r"
export default async function f() {}
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    @exports.default <- @f
    return

async fn f()   [plain]
  b0:
    return
",
        "default",
    );
}

#[test]
fn a_default_value() {
    check_exports(
        r"
export default new Redis();
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    %0 = new @Redis()
    @exports.default <- move %0
    return
",
        "default",
    );
}

#[test]
fn commonjs_exports() {
    check_exports_in(
        Language::JavaScript,
        r#"
module.exports = { a, b() {}, "c": 1, [d]: 2, ...e };
exports.f = g;
module.exports.h = null;
exports.i = exports.j = () => {};
function k(module) { module.exports = 1; }
"#
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @k = closure #1 k
    %0 = closure #2 b
    %1 = 1
    %2 = 2
    %3 = build .a=@a .b=%0 .c=%1 [*]=%2 [*]=@e
    @module.exports <- move %3
    @exports.f <- @g
    @module.exports.h = null
    %4 = closure #3 j
    @exports.j <- move %4
    @exports.i <- @exports.j
    return

fn k($0:module)   [plain]
  b0:
    $0:module.exports = 1
    return

fn b()   [plain]
  b0:
    return

fn j()   [plain]
  b0:
    return
",
        "default, a, b, c, f, h, i, j",
    );
}

#[test]
fn export_assignment() {
    check_exports_in(
        Language::TypeScript,
        r"
export = { a: 1 };
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    %0 = 1
    %1 = build .a=%0
    @module.exports <- move %1
    return
",
        "default, a",
    );
}

#[test]
fn namespaces() {
    check_in(
        Language::TypeScript,
        r"
namespace N.M { export const a = make(); const b = a; export function f() { return b; } export interface I {} }
namespace N { export let c; }
declare namespace D { const x: number; }
N.M.f();
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @N = build
    %0:M = build
    @N.M <- %0:M   ; synth
    %3:f = closure #1 f ^0=%2:b
    %4 = call @make()
    %1:a <- move %4
    %0:M.a <- %1:a   ; synth
    %2:b <- %1:a
    %0:M.f <- %3:f   ; synth
    @N.c <- %5:c   ; synth
    %6 = call @N.M.f()
    return

fn f()   [plain, captures ^0:b]
  b0:
    result <- ^0:b
    return
",
    );
}

#[test]
fn exports_under_another_name() {
    check_exports_in(
        Language::JavaScript,
        r"
const api = module.exports;
api.f = async function () {};
const app = (exports = module.exports = {});
app.g = make();
other.h = 1;
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @api <- @module.exports
    %0 = closure #1 f
    @api.f <- move %0
    @exports.f <- @api.f   ; synth
    %1 = build
    @module.exports <- move %1
    @exports <- @module.exports
    @app <- @exports
    %2 = call @make()
    @app.g <- move %2
    @exports.g <- @app.g   ; synth
    @other.h = 1
    return

async fn f()   [plain]
  b0:
    return
",
        "f, default, g",
    );
}
