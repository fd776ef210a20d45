import type {CommandModule} from 'yargs';
import type {Shell} from '../../xl/reference/completion.ts';

export const completionCommand: CommandModule<object, {shell: Shell}> = {
  command: 'completion <shell>',
  describe: 'Print a script that completes xl\'s commands: eval "$(pvsim completion bash)"',
  builder: (parser) =>
    parser.positional('shell', {choices: ['bash', 'zsh'] as const, demandOption: true, describe: 'Which shell'}),
  handler: async ({shell}) => {
    const {completionScript} = await import('../../xl/reference/completion.ts');
    process.stdout.write(completionScript(shell));
  },
};
