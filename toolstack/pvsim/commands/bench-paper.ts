import type {Argv, CommandModule} from 'yargs';
import type {PaperCommand} from '../../bench/cli/paper.ts';

export const paperCommand: CommandModule<object, PaperCommand> = {
  command: 'paper [id]',
  describe: "Compare published tables with what our drivers' counts make of them",
  builder: (parser) =>
    parser
      .positional('id', {type: 'string', describe: 'Of a table: P7; all of them, a line each, by default'})
      .option('price', {
        type: 'string',
        requiresArg: true,
        describe: "Price list in place of the table's own: NAME, or NAME,PRICE=NS,...",
      })
      .option('json', {type: 'boolean', default: false, describe: 'Results as JSON'}) as Argv<PaperCommand>,
  handler: async (given) => (await import('../../bench/cli/paper.ts')).runPaper(given),
};
