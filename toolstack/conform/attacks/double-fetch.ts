import {check, type Check} from '../check.ts';
import {fetchesTwice} from '../mutants/ring-order.ts';
import {BLK_OP, BLK_RSP} from '../peers/block-frontend.ts';

const HEADER_BYTES = 64;
const FIRST_WORD = HEADER_BYTES;
const FIRST_SEGMENT = HEADER_BYTES + 24;

/** Changes a word of the ring each time it has been read: whoever reads it twice sees two different things. */
const flipped = (variant: string, offset: number, value: number): Check =>
  check(
    'backend/vbd',
    'XSA-155',
    async (stand) => {
      const peer = await stand.connect();
      const [page, secret] = [peer.page({fill: 0x11}), peer.page({fill: 0x22})];
      stand.spy.after = (access) => {
        if (access.kind === 'read' && access.offset === offset) peer.ring.view.setUint32(offset, value, true);
      };
      const response = await stand.request({operation: BLK_OP.read, id: 5n, segments: [{gref: page.gref}]});
      const seen = (): string => `the answer is ${JSON.stringify(response, (_key, each: unknown) => String(each))}`;
      stand.must(
        response?.id === 5n && response.operation === BLK_OP.read && response.status === BLK_RSP.okay,
        seen,
        'the request as it was read first is served',
      );
      stand.must(
        page.bytes.every((byte) => byte === 0),
        'the page has other bytes',
        'the disk is read into the page',
      );
      stand.must(
        secret.bytes.every((byte) => byte === 0x22),
        'another page was written',
        'pages that are not named stay as they are',
      );
    },
    {variant, mutants: [fetchesTwice]},
  );

export const doubleFetchAttacks: readonly Check[] = [
  flipped('number of segments', FIRST_WORD, BLK_OP.read | (255 << 8)),
  flipped('grant reference', FIRST_SEGMENT, 0xffff_fff0),
];
