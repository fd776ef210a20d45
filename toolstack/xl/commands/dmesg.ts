import type {Run} from '../command.ts';

export const run: Run = async (xl, options) => {
  const client = await xl.client();
  const lines = await client.call('host.dmesg', {clear: options.has('c')});
  xl.out(lines.map((line) => `${line}\n`).join(''));
  return 0;
};
