"""Set-up and kernel use the versions of Cargo.lock, whatever cargo's cache, configuration and environment hold.

The user of these tests has newer versions of everything that notebooks link, a configuration of cargo that breaks any
compilation, and variables that do the same. Their crates come from a mirror, a folder: nothing here needs a network.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from kernel_session import session, show, stream_text

ROOT = Path(__file__).resolve().parent.parent
CRATES = ROOT / ".cache/kernel/crates"
NOTEBOOKS = ROOT / "notebooks"
# Crates of the lock file of which the mirror has a newer version too; and one that only the mirror has.
NEWER = ["libc", "memchr", "ndarray", "rand", "serde", "serde_core", "zerocopy"]
ONLY_THERE = "vardrop-test-only-there"
HOSTILE_CONFIGURATION = """
[build]
target = "wasm32-unknown-unknown"
target-dir = "{folder}/elsewhere"
build-dir = "{folder}/elsewhere"
rustflags = ["--no-such-flag"]
rustc-wrapper = "/no/such/wrapper"
[target.'cfg(all())']
linker = "/no/such/linker"
[profile.dev]
opt-level = 3
lto = "fat"
panic = "abort"
[profile.dev.package.ndarray]
opt-level = 0
[env]
PKG_CONFIG = {{ value = "/no/such/pkg-config", force = true }}
[source.crates-io]
replace-with = "mirror"
[source.mirror]
directory = "{folder}/mirror"
"""
HOSTILE_VARIABLES = {
    "CARGO_TARGET_DIR": "/no/such/folder",
    "CARGO_BUILD_TARGET_DIR": "/no/such/folder",
    "CARGO_BUILD_TARGET": "wasm32-unknown-unknown",
    "CARGO_BUILD_RUSTFLAGS": "--no-such-flag",
    "CARGO_ENCODED_RUSTFLAGS": "--no-such-flag",
    "CARGO_INCREMENTAL": "0",
    "CARGO_PROFILE_DEV_OPT_LEVEL": "3",
    "CARGO_PROFILE_DEV_LTO": "fat",
    "CC": "/no/such/compiler",
    "CFLAGS": "--no-such-flag",
    "PKG_CONFIG_PATH": "/no/such/folder",
    "RUSTC_BOOTSTRAP": "1",
    "RUSTC_WRAPPER": "/no/such/wrapper",
    "RUSTFLAGS": "--no-such-flag",
}


def packages(lock):
    """The names and versions in a lock file, without the packages that come from a folder."""
    return set(re.findall(r'name = "(.*)"\nversion = "(.*)"\nsource = ', Path(lock).read_text()))


def folders(names_and_versions):
    return {f"{name}-{version}" for name, version in names_and_versions}


LOCKED = packages(ROOT / "Cargo.lock")


def publish(mirror, name, version, manifest, source):
    """Puts a crate into a mirror, which is a folder of unpacked crates."""
    crate = mirror / f"{name}-{version}"
    shutil.rmtree(crate, ignore_errors=True)
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text(manifest)
    (crate / "src/lib.rs").write_text(source)
    (crate / ".cargo-checksum.json").write_text(json.dumps({"files": {}, "package": "0" * 64}))


class AnotherUsersMachine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        mirror = cls.folder / "mirror"
        mirror.mkdir()
        for crate in CRATES.glob("[!.]*"):
            (mirror / crate.name).symlink_to(crate)
        # Of several versions of a crate, a notebook needs those that set-up has unpacked; vardrop-burn has others.
        used = [(name, version) for name, version in LOCKED if name in NEWER and (mirror / f"{name}-{version}").exists()]
        assert {name for name, _ in used} == set(NEWER), used
        for name, version in used:
            major, minor, patch = version.split(".")
            # Nothing of it compiles, and optional parts are missing, as they are where another project has no use for them.
            newer = f"{major}.{minor}.{int(patch) + 1}"
            manifest = (CRATES / f"{name}-{version}/Cargo.toml").read_text()
            publish(mirror, name, newer, manifest.replace(f'"{version}"', f'"{newer}"', 1), "compile_error!();")
        manifest = f'[package]\nname = "{ONLY_THERE}"\nversion = "1.2.3"\nedition = "2024"\n[dependencies]\nlibc = "0.2"\n'
        publish(mirror, ONLY_THERE, "1.2.3", manifest, "pub const ANSWER: u32 = 42;")
        home = cls.folder / "home"
        home.mkdir()
        (home / "config.toml").write_text(HOSTILE_CONFIGURATION.format(folder=cls.folder))
        variables = {"CARGO_HOME": str(home), "CARGO_NET_OFFLINE": "true", **HOSTILE_VARIABLES}
        patch = mock.patch.dict(os.environ, variables)
        patch.start()
        cls.addClassCleanup(patch.stop)

    def test_a_build_without_the_lock_file_takes_the_newer_versions(self):
        """What the other tests keep away is there."""
        package = self.folder / "package"
        (package / "src").mkdir(parents=True)
        (package / "src/lib.rs").touch()
        (package / "Cargo.toml").write_text(f'[package]\nname = "p"\n[dependencies]\n{ONLY_THERE} = "1"\n')
        subprocess.run(["cargo", "generate-lockfile", "--quiet"], cwd=package, check=True)
        found = dict(packages(package / "Cargo.lock"))
        self.assertNotIn(("libc", found["libc"]), LOCKED)

    def test_set_up_downloads_what_the_lock_file_names(self):
        work = self.folder / "work"
        environment = {**os.environ, "VARDROP_KERNEL_WORK": str(work)}
        ran = subprocess.run(["scripts/setup.sh", "crates"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        crates = {crate.name for crate in (work / "crates").iterdir()}
        self.assertTrue(packages(work / "package/Cargo.lock") <= LOCKED)
        self.assertTrue(folders(packages(work / "package/Cargo.lock")) <= crates)
        self.assertTrue(crates & folders((name, version) for name, version in LOCKED if name in NEWER))

    def test_a_kernel_starts_with_what_set_up_compiled_and_downloads_what_a_cell_asks_for(self):
        before = set((ROOT / ".cache/kernel/sessions").glob("*/"))
        self.addCleanup(lambda: [shutil.rmtree(crate) for crate in CRATES.glob(f"{ONLY_THERE}-*")])
        with session(NOTEBOOKS, attempts=1) as kernel:
            (folder,) = set((ROOT / ".cache/kernel/sessions").glob("*/")) - before

            def check(code, said, others):
                outputs, _ = kernel.execute(code, 120)
                self.assertIn(said, stream_text(outputs, "stdout"), show(outputs))
                self.assertEqual({name for name, _ in packages(folder / "Cargo.lock") - LOCKED}, others)

            check('println!("{} methods", vardrop::Method::ALL.len());', "8 methods", set())
            check(f':dep {ONLY_THERE} = "1"\nprintln!("{{}}", vardrop_test_only_there::ANSWER);', "42", {ONLY_THERE})
            check(':dep serde = "1"\nprintln!("{}", std::any::type_name::<serde::de::IgnoredAny>());', "serde", {ONLY_THERE})
            # What is linked is as set-up compiled it: the crate and the cells apart, each library is a link to it.
            compiled = [library for library in folder.glob("target/*/debug/deps/*.rlib") if not library.is_symlink()]
            own = re.compile(r"lib(vardrop|serde|serde_derive|vardrop_test_only_there)-")
            self.assertEqual([library.name for library in compiled if not own.match(library.name)], [])


class PathOfTheClone(unittest.TestCase):
    def test_a_path_that_the_kernel_cannot_load_from_is_named_before_anything_is_done(self):
        for name in ("a b", "a:b", 'a"b', "a\nb"):
            with tempfile.TemporaryDirectory() as folder:
                clone = Path(folder) / name
                for part in ("scripts", "kernel"):
                    shutil.copytree(ROOT / part, clone / part)
                ran = subprocess.run([clone / "scripts/setup.sh"], capture_output=True, text=True)
                self.assertEqual(ran.returncode, 1, ran.stdout)
                self.assertIn("Move it to another", ran.stderr)
                self.assertEqual(sorted(path.name for path in clone.iterdir()), ["kernel", "scripts"])


class WithoutOpenBlas(unittest.TestCase):
    """The crate's build script, with a linker that finds no OpenBLAS."""

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        subprocess.run(["rustc", "--edition", "2024", ROOT / "build.rs", "-o", cls.folder / "script"], check=True)
        linker = cls.folder / "cc"
        # It reads the program, as a linker does: who ends before that breaks the pipe of who writes it.
        linker.write_text('#!/bin/sh\ncat > /dev/null\ncase "$*" in *-L/there*) ;; *-lopenblas*) exit 1 ;; esac\n')
        linker.chmod(0o755)

    def said(self, **variables):
        """The errors of the build script for this machine, with other variables besides."""
        environment = {
            **os.environ,
            "OUT_DIR": str(self.folder),
            "HOST": "x86_64-unknown-linux-gnu",
            "TARGET": "x86_64-unknown-linux-gnu",
            "CARGO_CFG_TARGET_OS": "linux",
            "CARGO_FEATURE_OPENBLAS": "1",
            "PKG_CONFIG": "false",
            "RUSTC_LINKER": str(self.folder / "cc"),
            **variables,
        }
        ran = subprocess.run([self.folder / "script"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return [line for line in ran.stdout.splitlines() if line.startswith("cargo::error=")]

    def test_one_sentence_says_what_to_install_or_to_leave_out(self):
        (error,) = self.said()
        self.assertRegex(error, "apt-get install libopenblas-dev.* or build without it .*--no-default-features")

    def test_nothing_is_said_where_it_is_found(self):
        for found in ({"PKG_CONFIG": "true"}, {"CARGO_ENCODED_RUSTFLAGS": "-L\x1fnative=/there"}):
            self.assertEqual(self.said(**found), [], found)

    def test_nothing_is_said_of_another_machine_or_of_a_linker_that_cannot_be_asked(self):
        for unknown in ({"TARGET": "aarch64-unknown-linux-gnu"}, {"RUSTC_LINKER": "false"}, {"CARGO_CFG_TARGET_OS": "macos"}):
            self.assertEqual(self.said(**unknown), [], unknown)


if __name__ == "__main__":
    unittest.main()
