import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {swallows} from '../../mutants/xenstored.ts';

export const resetWatchesChecks: readonly Check[] = [
  check(
    'xenstored',
    'XENBUS-LIFE-12',
    async (stand) => {
      await stand.ask('d1', XS.WATCH, 'data\0token\0');
      const {error} = await stand.ask('d1', XS.RESET_WATCHES, '\0');
      stand.must(error === undefined, `error ${error}`, 'RESET_WATCHES works');
      await stand.eventsOf('d1');
      await stand.ask('d1', XS.WRITE, 'data/node\0value');
      const events = await stand.eventsOf('d1');
      stand.must(events.length === 0, `events ${events.join()}`, 'no watches are left');
      const again = await stand.ask('d1', XS.WATCH, 'data\0token\0');
      stand.must(again.error === undefined, `error ${again.error}`, 'the same watch can be set again');
    },
    {mutants: [swallows('forgets to reset watches', XS.RESET_WATCHES)]},
  ),
];
