import type {VbdBackendStand} from '../../stand/vbd-backend.ts';

/** The backend does not connect, and nothing is left of the attempt. */
export const mustRefuse = async (stand: VbdBackendStand): Promise<void> => {
  const due = 'the backend refuses to connect';
  stand.must(await stand.reaches(5, 6), `the backend is in state ${await stand.state}`, due);
  stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'and nothing is left of it');
};
