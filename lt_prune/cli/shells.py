"""The scripts by which zsh and fish ask for completions.

Click's own lose some of ours: in zsh files take the place of the words that they are among, in fish a word ends at a comma,
and files are found in the working directory alone; neither completes the value in `--option=VALUE`.
"""

from __future__ import annotations

from click.shell_completion import CompletionItem, FishComplete, ShellComplete, ZshComplete, add_completion_class

from lt_prune.cli.completing import paths_begun

_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a response begun whole described
    local type word help
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
%(complete_var)s=zsh_complete %(prog_name)s)}")
    for type word help in "${response[@]}"; do
        if [[ $type == file ]]; then
            _path_files -f
        elif [[ $type == dir ]]; then
            _path_files -/
        elif [[ $type == plain && $help != _ ]]; then
            described+=("$word:$help")
        elif [[ $type == plain && $word == *[:/+] ]]; then
            begun+=("$word")
        elif [[ $type == plain ]]; then
            whole+=("$word")
        fi
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#whole )) && compadd -U -V unsorted -a whole
    (( $#begun )) && compadd -U -S '' -V unsorted -a begun  # without a space, as more is to come
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef %(complete_func)s %(prog_name)s
fi
"""
_FISH = """\
function %(complete_func)s
    set -lx %(complete_var)s fish_complete
    set -lx COMP_WORDS (commandline -cp)
    set -lx COMP_CWORD (commandline -ct)
    set -l response (%(prog_name)s)
    for completion in $response
        set -l typed (string split -m 1 "," $completion)
        switch $typed[1]
            case file
                __fish_complete_path (commandline -ct)
            case dir
                __fish_complete_directories (commandline -ct)
            case plain
                echo $typed[2]
        end
    end
end

complete -f -c %(prog_name)s -a "(%(complete_func)s)"
"""


class _OfWholeWords(ShellComplete):
    """Completions of a shell that takes "--option=value" for one word."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        option, equals, value = incomplete.partition("=")
        items = super().get_completions(args, incomplete)
        if not (equals and option.startswith("--")):
            return items
        values = [path for item in items if item.type == "file" for path in paths_begun(value)]
        values += [item.value for item in items if item.type == "plain"]
        return [CompletionItem(f"{option}={each}") for each in values]


@add_completion_class
class Zsh(_OfWholeWords, ZshComplete):
    """Of zsh."""

    source_template = _ZSH


@add_completion_class
class Fish(_OfWholeWords, FishComplete):
    """Of fish."""

    source_template = _FISH
