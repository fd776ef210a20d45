import type {Command} from './command.ts';

export const trueCommand: Command = {name: 'true', usage: '', help: 'succeeds', run: () => 0};

export const falseCommand: Command = {name: 'false', usage: '', help: 'fails', run: () => 1};
