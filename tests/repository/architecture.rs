//! docs/architecture.md is held to the code: imports go down its list of modules, and each equation has the function that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::sources::sources;

fn document() -> String {
    fs::read_to_string("docs/architecture.md").unwrap()
}

/// The rows of the table under a heading, cell by cell.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let text = document();
    let (_, part) = text.split_once(&format!("## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let part = part.split("\n## ").next().unwrap();
    let lines = part.lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The names behind `crate::` in a source without its tests and comments.
fn imports(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for part in code.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            Some(list) => names.extend(list.split('}').next().unwrap().split(',').map(|name| word(name.trim()))),
            None => names.push(word(part)),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn imports_go_down_the_list_of_modules() {
    let rows = rows("The modules");
    let modules = rows.iter().enumerate().flat_map(|(floor, row)| {
        quoted(&row[0]).into_iter().map(str::to_owned).map(move |module| (module, floor)).collect::<Vec<_>>()
    });
    let floors: BTreeMap<String, usize> = modules.collect();
    // What the crate re-exports at its root.
    let roots =
        [("Real", "real"), ("Error", "error"), ("Result", "error"), ("Method", "method"), ("Network", "network")];
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    assert!(files.len() > 100);
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned()).collect();
        let module = &parts[1];
        if module == "lib" || module == "main" {
            continue;
        }
        let own = *floors.get(module).unwrap_or_else(|| panic!("docs/architecture.md has no module {module}"));
        for name in imports(&fs::read_to_string(file).unwrap()) {
            let target = roots.iter().find(|(root, _)| *root == name).map_or(name.as_str(), |(_, module)| module);
            if let Some(&floor) = floors.get(target)
                && floor <= own
                && target != module
            {
                wrong.push(format!("{} uses {target}, which is not below {module}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_equation_has_the_function_that_the_table_names() {
    let rows = rows("The paper's equations");
    assert!(rows.len() > 10);
    for row in rows {
        let names = quoted(&row[2]);
        assert!(names.len() >= 2 && names.len().is_multiple_of(2), "{row:?}");
        for pair in names.chunks(2) {
            let (name, file) = (pair[0], pair[1]);
            let source = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let kinds = ["fn ", "struct ", "enum "];
            let defined = kinds.iter().any(|kind| {
                source.match_indices(&format!("{kind}{name}")).any(|(at, found)| {
                    source[at + found.len()..].starts_with(|c: char| !c.is_alphanumeric() && c != '_')
                })
            });
            assert!(defined, "{file} has no `{name}` (equation {})", row[0]);
        }
    }
}
