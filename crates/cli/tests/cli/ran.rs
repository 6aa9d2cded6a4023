//! What the binary did, looked at by the tests of the command line and of the hub.

use std::process::Output;

/// What the binary did.
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

pub fn finished(output: Output) -> Ran {
    let ran = Ran {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().expect("it must not be killed"),
    };
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

impl Ran {
    /// Its output, having gone well.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Its one line of error, having ended with `code` and without a result.
    #[track_caller]
    pub fn error(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        let errors = self.errors();
        assert_eq!(errors.len(), 1, "{}", self.stderr);
        errors[0].to_owned()
    }

    /// The lines that tell errors.
    pub fn errors(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines.filter(|line| line.starts_with("error: ")).collect()
    }

    /// The lines that tell what one should know.
    pub fn notes(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines.filter(|line| line.starts_with("note: ")).collect()
    }

    /// Having gone well, and having said that on stderr.
    #[track_caller]
    pub fn says(self, text: &str) -> String {
        assert!(self.stderr.contains(text), "`{text}` in {}", self.stderr);
        self.ok()
    }
}
