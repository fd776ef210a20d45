import type {Run} from '../command.ts';

/** What the keys show is read by xl dmesg. */
export const run: Run = async (xl, _options, [keys]) => {
  const client = await xl.client();
  await client.call('host.debugKeys', {keys});
  return 0;
};
