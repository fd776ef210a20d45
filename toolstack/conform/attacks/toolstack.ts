import {check, type Check} from '../check.ts';
import {removesElsewhere} from '../mutants/store.ts';
import type {ToolstackStand} from '../stand/toolstack.ts';

/** Of a domain that has nothing to do with the attack. */
const OTHER_BACK = '/local/domain/0/backend/vbd/77/51712';
const OTHER_FRONT = '/local/domain/77/device/vbd/51712';

const mustActOnOwn = async (stand: ToolstackStand): Promise<void> => {
  const due = 'the toolstack goes by what it has written down for itself';
  const listed = await stand.within(stand.toolstack.listDisks(), 'a list');
  stand.must(listed.join() === stand.backPath, `disks ${listed.join()}`, due);
  await stand.within(stand.toolstack.detachDisk(true), 'the disk is detached');
  for (const path of [OTHER_BACK, OTHER_FRONT])
    stand.must((await stand.read(`${path}/state`)) === '4', `${path} was touched`, due);
  stand.must((await stand.read(`${stand.backPath}/state`)) === undefined, 'the disk is there', due);
};

const makeOther = async (stand: ToolstackStand): Promise<void> => {
  for (const path of [OTHER_BACK, OTHER_FRONT]) await stand.write(`${path}/state`, '4');
};

export const toolstackAttacks: readonly Check[] = [
  check(
    'toolstack',
    'XSA-175',
    async (stand) => {
      await stand.connect();
      await makeOther(stand);
      await stand.guestWrites('backend', OTHER_BACK);
      await stand.guestWrites('backend-id', '77');
      await mustActOnOwn(stand);
    },
    {mutants: [removesElsewhere('goes by what the guest names as its backend', /backend\/vbd\/1\/51712$/, OTHER_BACK)]},
  ),
  check(
    'toolstack',
    'XSA-178',
    async (stand) => {
      await stand.connect();
      await makeOther(stand);
      await stand.write(`${stand.backPath}/frontend`, OTHER_FRONT);
      await stand.write(`${stand.backPath}/frontend-id`, '77');
      await mustActOnOwn(stand);
      stand.must(
        (await stand.read(`${stand.frontPath}/state`)) === undefined,
        'the frontend is there',
        'it is removed',
      );
    },
    {
      mutants: [
        removesElsewhere(
          'goes by what the backend names as its frontend',
          /domain\/1\/device\/vbd\/51712$/,
          OTHER_FRONT,
        ),
      ],
    },
  ),
];
