export {type Command, CommandError} from './command.ts';
export {CommandContext} from './context.ts';
export {commandTable} from './table.ts';
