//! Finds the library: in `UNECHO_LIB_DIR`, by pkg-config, or else builds it from the checkout that
//! this crate is part of, which takes a C compiler, meson and ninja.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a program; None if there is none or it fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?} failed: {status}");
}

fn link_static(folder: &Path) {
    // Cargo copies it, and would go on with what it copied first.
    println!(
        "cargo:rerun-if-changed={}",
        folder.join("libunecho.a").display()
    );
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:rustc-link-lib=static=unecho");
    println!("cargo:rustc-link-lib=m");
    println!("cargo:rustc-link-lib=dl");
}

fn link_found(flags: &str) {
    for flag in flags.split_whitespace() {
        if let Some(folder) = flag.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={folder}");
        } else if let Some(library) = flag.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={library}");
        }
    }
}

/// Builds src/libunecho.a in `build`.
fn build(root: &Path, build: &Path) {
    if !build.join("build.ninja").exists() {
        let parts = ["tools", "tests", "bench", "ladspa"].map(|part| format!("-D{part}=disabled"));
        run(Command::new("meson")
            .arg("setup")
            .arg(build)
            .arg(root)
            .args(parts));
    }
    run(Command::new("ninja")
        .arg("-C")
        .arg(build)
        .arg("src/libunecho.a"));
}

fn main() {
    println!("cargo:rerun-if-env-changed=UNECHO_LIB_DIR");
    if let Some(folder) = env::var_os("UNECHO_LIB_DIR") {
        link_static(Path::new(&folder));
        return;
    }
    if let Some(flags) = output("pkg-config", &["--libs", "unecho"]) {
        link_found(&flags);
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    assert!(
        root.join("include/unecho.h").exists(),
        "libunecho is not installed: set UNECHO_LIB_DIR to the folder of libunecho.a, or let \
         pkg-config find unecho.pc (PKG_CONFIG_PATH)"
    );
    let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap()).join("build");
    for part in ["src", "include", "models"] {
        println!("cargo:rerun-if-changed={}", root.join(part).display());
    }
    build(&root, &folder);
    link_static(&folder.join("src"));
}
