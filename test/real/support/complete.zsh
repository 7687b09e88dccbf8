# zsh -f complete.zsh FOLDER LINE: what zsh lists for a line with the completions of FOLDER, as a terminal shows it.
zmodload zsh/zpty
zpty shell 'PS1= zsh -f -i'
zpty -w shell "PS1= RPS1= PROMPT_EOL_MARK= LISTMAX=10000; stty cols 200 rows 200; fpath=(${(q)1} \$fpath)"
zpty -w shell 'autoload -Uz compinit && compinit -u -d ~/.zcompdump; bindkey "^I" list-choices; zstyle ":completion:*" list-grouped no'
zpty -w shell 'ended() { print -r -- EN""DED; }; zle -N ended; bindkey "^X" ended; print -r -- REA""DY'
zpty -r shell before '*READY*'
zpty -n -w shell "$2"$'\t\x18'
zpty -r shell shown '*ENDED*'
print -r -- "$shown"
zpty -d shell
