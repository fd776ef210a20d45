import {XS} from '../../../hypervisor/xenstore/index.ts';
import {changesReply, swallows} from '../mutants/xenstored.ts';
import type {XenstoredStand} from '../stand/xenstored.ts';

/** What the store says that a domain uses, by CONTROL quota; the accounts of the C daemon and ours. */
export const usageOf = async (
  stand: XenstoredStand,
  domid: number,
  what: 'nodes' | 'watches' | 'memory',
): Promise<number> => {
  const {message} = await stand.ask('d0', XS.CONTROL, `quota\0${domid}\0`);
  const count = new RegExp(`^${what} +: +(\\d+)`, 'm').exec(message.payload)?.[1];
  return Number(count ?? stand.inconclusive('the store does not tell what domains use'));
};

export const mustUse = async (
  stand: XenstoredStand,
  domid: number,
  what: 'nodes' | 'watches',
  due: number,
): Promise<void> => {
  const count = await usageOf(stand, domid, what);
  stand.must(count === due, `domain ${domid} is charged for ${count} ${what}`, String(due));
};

/** Others are served. */
export const ALIVE = 'd2 GET_DOMAIN_PATH 2 -> /local/domain/2\nd0 READ /local/domain/2 -> *';

export const miscounts = (what: string): ReturnType<typeof changesReply> =>
  changesReply(`miscounts ${what}`, XS.CONTROL, (payload) =>
    payload.replace(
      new RegExp(`^(${what} +: +)(\\d+)`, 'm'),
      (_, text: string, count: string) => `${text}${+count + 1}`,
    ),
  );

export const removesNothing = swallows('forgets to remove', XS.RM);
