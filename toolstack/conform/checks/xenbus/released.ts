import type {VbdBackendStand} from '../../stand/vbd-backend.ts';

const EVTCHNSTAT_interdomain = 2;

/** Nothing of the frontend is in the backend's hands. */
export const mustLetGo = (stand: VbdBackendStand): void => {
  const {peer, guest} = stand;
  stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'the backend has unmapped all');
  const channel = stand.peerOps.evtchnStatus(guest.domain.id, peer.port);
  stand.must(
    typeof channel === 'number' || channel.status !== EVTCHNSTAT_interdomain,
    'its end of the event channel is open',
    'the backend has closed its port',
  );
};

/** The backend does not connect, and nothing is left of the attempt. */
export const mustRefuse = async (stand: VbdBackendStand): Promise<void> => {
  const due = 'the backend refuses to connect';
  stand.must(await stand.reaches(5, 6), `the backend is in state ${await stand.state}`, due);
  stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'and nothing is left of it');
};
