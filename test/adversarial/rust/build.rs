//! A build script is a program of the source's own.
#[path = "attacks/mod.rs"]
mod attacks;

fn main() {
    println!("cargo::rerun-if-env-changed=ATTACK");
    println!("cargo::rustc-check-cfg=cfg(huge)");
    attacks::run("build-script");
}
