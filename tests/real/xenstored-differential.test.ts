import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {Random} from '../../hypervisor/schedule/index.ts';
import {realXenstoredMissing} from '../../toolstack/performance/real-xenstored.ts';
import {testWith} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {ourDaemon, realDaemon} from './xenstored/daemons.ts';
import {randomQuota, Session} from './xenstored/session.ts';
import {Side} from './xenstored/side.ts';

/**
 * Random sessions against Debian's C xenstored and ours. For more than the tests of every day:
 *
 *     PVSIM_DIFFERENTIAL_REQUESTS=200000 PVSIM_SEED=7 npx ava dist/tests/real/xenstored-differential.test.js
 */
const REQUESTS = Number(process.env.PVSIM_DIFFERENTIAL_REQUESTS ?? 12_000);
const SEED = Number(process.env.PVSIM_SEED ?? 1);
/** A difference names its session: to start with that one. */
const FIRST_SESSION = Number(process.env.PVSIM_SESSION ?? 0);
const SESSION_REQUESTS = 1500;

testWith(
  realXenstoredMissing(),
  'random sessions: replies, errors and events are those of the real xenstored',
  async (t) => {
    t.timeout(60_000 + REQUESTS * 5);
    let requests = 0;
    for (let number = FIRST_SESSION; requests < REQUESTS; number++) {
      const random = new Random(SEED * 2 ** 32 + number);
      const directory = join(temporaryDirectory(t), String(number));
      mkdirSync(directory);
      const quota = randomQuota(random);
      const sides = [
        new Side(await realDaemon(directory, quota)),
        new Side(await ourDaemon(directory, quota)),
      ] as const;
      const session = new Session(`seed ${SEED}, session ${number}, ${JSON.stringify(quota)}`, random, sides);
      try {
        await session.run(Math.min(SESSION_REQUESTS, REQUESTS - requests));
      } finally {
        for (const side of sides) await side.stop();
      }
      requests += session.requests;
    }
    t.log(`${requests} requests to each, seed ${SEED}`);
    t.true(requests >= REQUESTS);
  },
);
