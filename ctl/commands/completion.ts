/** `proxyfs completion`: what makes a shell complete commands, options and paths. */

import { ProxyfsError } from '../../src/base/error.js';
import { defineCommand } from '../command.js';

interface Arguments {
  readonly shell: string | undefined;
}

/** The parser itself answers `--get-yargs-completions`; SHELL decides the form of its answer. */
const SCRIPTS = {
  bash: `# bash completion for proxyfs: put it into ~/.bashrc, or source <(proxyfs completion bash)
_proxyfs() {
  local current="\${COMP_WORDS[COMP_CWORD]}"
  mapfile -t COMPREPLY < <(compgen -W "$(SHELL=/bin/bash proxyfs --get-yargs-completions "\${COMP_WORDS[@]}" 2>/dev/null)" -- "$current")
}
complete -o bashdefault -o default -F _proxyfs proxyfs`,
  zsh: `#compdef proxyfs
# zsh completion for proxyfs: put it into ~/.zshrc after compinit
_proxyfs() {
  local -a words_found
  words_found=("\${(@f)$(SHELL=/bin/zsh proxyfs --get-yargs-completions "\${words[@]}" 2>/dev/null)}")
  [[ -n "$words_found" ]] && _describe 'proxyfs' words_found
  _files
}
compdef _proxyfs proxyfs`,
} as const;

export const completion = defineCommand<Arguments>({
  usage: 'completion [shell]',
  summary: 'Print the completion script for bash or zsh',
  examples: [
    ['source <($0 completion bash)', 'in ~/.bashrc'],
    ['source <($0 completion zsh)', 'in ~/.zshrc, after compinit'],
  ],
  options: (yargs) =>
    yargs.positional('shell', { type: 'string', choices: ['bash', 'zsh'], describe: 'Default: your login shell' }),
  run: async (args, terminal) => {
    const shell = args.shell ?? terminal.env['SHELL']?.split('/').at(-1) ?? 'bash';
    if (shell !== 'bash' && shell !== 'zsh') {
      throw new ProxyfsError(
        'request/invalid',
        `there is no completion for ${shell}: say 'proxyfs completion bash' or 'zsh'`,
      );
    }
    return { result: { shell, script: SCRIPTS[shell] }, text: () => SCRIPTS[shell] };
  },
});
