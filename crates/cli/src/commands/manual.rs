//! Man pages and shell completions, generated from the definition of the command line.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::term;

/// Print the man page, or write the man pages of all commands
///
/// Print the program's man page to stdout. With --to, write the pages of the program and of each
/// command (resnet.1, resnet-classify.1 and so on) to an existing folder instead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet man | man -l -
  resnet man --to ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Existing folder to write the pages of all commands to
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

/// Print shell completions
///
/// Print a script that lets the shell complete commands, options and their values.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet completions bash > ~/.local/share/bash-completion/completions/resnet
  resnet completions zsh > ~/.zfunc/_resnet
  resnet completions fish > ~/.config/fish/completions/resnet.fish
  resnet completions powershell >> $PROFILE")]
pub struct CompletionsArgs {
    /// Shell that runs the script
    pub shell: Shell,
}

/// Runs `man`.
pub fn man(args: &ManArgs, command: Command) -> Result<(), Failure> {
    let Some(folder) = &args.to else {
        let mut page = vec![];
        let rendered = clap_mangen::Man::new(command).render(&mut page);
        rendered.map_err(|e| Failure::new(format!("the page cannot be made: {e}")))?;
        return term::print(&String::from_utf8_lossy(&page));
    };
    let failed = |e: io::Error| {
        let folder = term::display_path(folder);
        Failure::new(format!(
            "{folder}: cannot write the pages: {e}; name an existing folder"
        ))
    };
    // If the folder did not exist, the first page would be written next to it.
    if !folder.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    clap_mangen::generate_to(command, folder).map_err(failed)
}

/// Runs `completions`.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> Result<(), Failure> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut command, "resnet", &mut script);
    term::print(&String::from_utf8_lossy(&script))
}
