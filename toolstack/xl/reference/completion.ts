import type {CommandSpec} from '../command.ts';
import {COMMANDS} from '../command-table.ts';
import {NEWER_COMMANDS} from '../command-table/newer.ts';

export type Shell = 'bash' | 'zsh';

/** Names of the host's domains; none when it does not run, which a completion must not change. */
const LIST_DOMAINS = "pvsim host status > /dev/null 2>&1 && xl list 2> /dev/null | awk 'NR > 1 { print $1 }'";

const commands = (): CommandSpec[] => [...COMMANDS, ...NEWER_COMMANDS];

const optionsOf = ({short, long = {}}: CommandSpec): string[] => [
  ...short
    .replaceAll(':', '')
    .split('')
    .map((letter) => `-${letter}`),
  ...Object.keys(long).map((name) => `--${name}`),
];

const takesDomain = ({usage}: CommandSpec): boolean => /<Domain|\[Domain|Domain>/.test(usage);

/** A script for the shell that completes commands, their options, domains and files. */
export const completionScript = (shell: Shell): string => (shell === 'bash' ? bash() : zsh());

const bash = (): string => `# bash completion of xl: eval "$(pvsim completion bash)"
_xl_domains() { ${LIST_DOMAINS}; }
_xl() {
  local current=\${COMP_WORDS[COMP_CWORD]} command= index words= domains=
  for ((index = 1; index < COMP_CWORD; index++)); do
    [[ \${COMP_WORDS[index]} == -* ]] || { command=\${COMP_WORDS[index]}; break; }
  done
  case $command in
    '') words='-v -f -N -t -T help ${commands()
      .map(({name}) => name)
      .join(' ')}' ;;
    help) words='${commands()
      .map(({name}) => name)
      .join(' ')}' ;;
${commands()
  .map((spec) => `    ${spec.name}) words='${optionsOf(spec).join(' ')}'${takesDomain(spec) ? ' domains=1' : ''} ;;`)
  .join('\n')}
  esac
  if [[ $current == -* || -z $command || $command == help ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
    [[ -n $domains ]] && COMPREPLY+=($(compgen -W "$(_xl_domains)" -- "$current"))
  fi
}
complete -o filenames -F _xl xl
`;

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const zsh = (): string => `#compdef xl
# zsh completion of xl: eval "$(pvsim completion zsh)"
_xl_domains() { local -a domains; domains=(\${(f)"$(${LIST_DOMAINS})"}); compadd -a domains; }
_xl() {
  local -a commands=(
${commands()
  .map(({name, summary}) => `    ${quote(`${name}:${summary.split('\n')[0]}`)}`)
  .join('\n')}
    'help:Show the commands, or one'
  )
  local command= index
  for ((index = 2; index < CURRENT; index++)); do
    [[ $words[index] == -* ]] || { command=$words[index]; break; }
  done
  case $command in
    ''|help) _describe command commands ;;
${commands()
  .map(
    (spec) =>
      `    ${spec.name}) compadd -- ${optionsOf(spec).join(' ')}; ${takesDomain(spec) ? '_xl_domains; ' : ''}_files ;;`,
  )
  .join('\n')}
  esac
}
if [[ $funcstack[1] == _xl ]]; then _xl "$@"; else compdef _xl xl; fi
`;
