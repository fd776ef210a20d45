import {check, type Check} from '../../check.ts';
import {skipsState, writesInstead} from '../../mutants/store.ts';
import {vscsiUnitState as unitState} from '../../mutants/vscsi.ts';
import {initialisedUnit} from '../../stand/vscsi-frontend.ts';

const frontendState = /device\/vscsi\/\d+\/state$/;
/** Of the frontend's states, the Connected after Reconfiguring: 3, 4, 7, 4. */
const SECOND_CONNECTED = 3;

export const frontendUnitChecks: readonly Check[] = [
  check(
    'frontend/vscsi',
    'VSCSI-HP-05',
    async (stand) => {
      await stand.connect(['0:0:0:0', '0:0:1:0']);
      const removed =
        stand.units.find(({id}) => id === 1) ?? stand.inconclusive('the driver hands out no unit 0:0:1:0');
      let isGone = false;
      removed.removed.subscribe({complete: () => (isGone = true)});
      await stand.setUnitState(1, 5);
      for (const [key, value] of Object.entries({...initialisedUnit(2, '0:0:2:0'), 'vscsi-devs/dev-2/state': '1'}))
        await stand.setBack(key, value);
      await stand.setState(7);
      await stand.arrives(7);
      await stand.setUnitState(1, 6);
      await stand.setUnitState(2, 3);
      await stand.setState(8);
      await stand.settle();
      const states = await Promise.all([0, 1, 2].map((index) => stand.ownUnitState(index)));
      stand.must(states.join() === '4,6,4', `its units are in states ${states.join()}`, '4, 6, 4');
      stand.must((await stand.state) === 4, `the frontend is in state ${await stand.state}`, 'Connected');
      stand.must(isGone, '0:0:1:0 is still there', 'it is removed');
      stand.must(stand.unit.id === 2, `the last unit is ${String(stand.unit)}`, '0:0:2:0 is added');
    },
    {
      mutants: [
        skipsState(unitState, 4),
        skipsState(unitState, 6),
        writesInstead('stays in Reconfiguring', frontendState, (value, nth) =>
          nth === SECOND_CONNECTED ? undefined : value,
        ),
      ],
    },
  ),
  check(
    'frontend/vscsi',
    'VSCSI-HP-10',
    async (stand) => {
      await stand.connect(['0:0:0:0', 'nowhere', '0:0:2:0']);
      const states = await Promise.all([0, 1, 2, 3].map((index) => stand.ownUnitState(index)));
      stand.must(states[0] === '4' && states[2] === '4', `vscsi-devs: ${states.join()}`, '4 where a unit is used');
      stand.must(states[1] !== '4' && states[3] === undefined, `vscsi-devs: ${states.join()}`, 'no 4 where none is');
    },
    {
      mutants: [
        skipsState(unitState, 4),
        writesInstead('says that it has only begun', unitState, (value) => (value === '4' ? '3' : value)),
      ],
    },
  ),
];
