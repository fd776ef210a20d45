import {GNTMAP_host_map, GNTMAP_readonly} from '../../../../hypervisor/abi/grant-table.ts';
import {check, type Check} from '../../check.ts';
import {grantsForWriting, takesBackAnyway} from '../../mutants/grantor.ts';
import {frameFromGuest} from '../../peers/frames.ts';
import type {VifFrontendStand} from '../../stand/vif-frontend.ts';
import {GTF} from './numbers.ts';

const TYPE_MASK = 3;
const READ = GNTMAP_host_map | GNTMAP_readonly;

const flagsOf = ({guest}: VifFrontendStand, ref: number): number => {
  const {grants, memory} = guest.domain;
  return memory.u32[grants.entryWord(ref)] & 0xffff;
};

/** How a network frontend grants the pages of frames. */
export const grantVifChecks: readonly Check[] = [
  check(
    'frontend/vif',
    'GRANT-TBL-07',
    async (stand) => {
      const peer = await stand.connect();
      const [{id, gref}] = await stand.sends(frameFromGuest(60));
      const handle = peer.map(gref, READ);
      peer.respondTx(id);
      peer.pushTx();
      await stand.settle();
      const flags = flagsOf(stand, gref);
      stand.must(
        (flags & TYPE_MASK) === GTF.permit_access && (flags & GTF.reading) !== 0,
        `flags of a mapped entry are ${flags}`,
        'an entry is not cleared while it is read or written',
      );
      peer.unmap(handle);
    },
    {mutants: [takesBackAnyway]},
  ),
  check(
    'frontend/vif',
    'GRANT-TBL-13',
    async (stand) => {
      await stand.connect();
      for (const {gref} of await stand.sends(frameFromGuest(60), frameFromGuest(1514))) {
        const flags = flagsOf(stand, gref);
        stand.must((flags & GTF.readonly) !== 0, `flags of a page to be sent are ${flags}`, 'readonly');
      }
    },
    {mutants: [grantsForWriting]},
  ),
];
