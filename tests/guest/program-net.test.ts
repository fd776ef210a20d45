import test from 'ava';
import type {Guest} from '../../frontends/guest/index.ts';
import {GuestRig} from './guest-rig.ts';
import {pattern} from './tcp-rig.ts';

const SERVER = '10.0.0.1';

/** Sends everything back, one connection after another. */
const echo = async ({net}: Guest): Promise<void> => {
  const listener = net.listen(7);
  for (;;) {
    const socket = await listener.accept();
    for (let part = await socket.read(); part !== undefined; part = await socket.read()) await socket.write(part);
    socket.close();
  }
};

test('programs talk TCP to each other through the bridge', async (t) => {
  const rig = await GuestRig.create();
  await rig.boot({cmdline: `ip=${SERVER}/24`, vifs: [0], main: echo});
  const client = await rig.boot({
    cmdline: 'ip=10.0.0.2/24',
    vifs: [0],
    main: async ({net, console}) => {
      const socket = await net.connect(SERVER, 7);
      const sent = pattern(500_000);
      void socket.write(sent).then(() => socket.end());
      const parts: Uint8Array[] = [];
      for (let part = await socket.read(); part !== undefined; part = await socket.read()) parts.push(part);
      console.println(
        `${socket.remoteAddress}:${socket.remotePort} same ${Buffer.compare(Buffer.concat(parts), sent)}`,
      );
      await net.connect(SERVER, 8).catch((error: Error) => console.println(`port 8: ${error.message}`));
      await net.connect('nowhere.example', 7).catch((error: Error) => console.println(`name: ${error.message}`));
    },
  });
  await rig.rig.schedule.sleep(60e9);
  t.regex(rig.text(client), /\n10\.0\.0\.1:7 same 0\nport 8: Connection refused\nname: No such file or directory\n/);
});

test('programs talk UDP to each other', async (t) => {
  const rig = await GuestRig.create();
  await rig.boot({
    cmdline: `ip=${SERVER}/24`,
    vifs: [0],
    main: async ({net}) => {
      const socket = net.udp(9000);
      for (let got = await socket.receive(); got !== undefined; got = await socket.receive()) {
        await socket.send(got.address, got.port, got.data.toReversed());
      }
    },
  });
  const client = await rig.boot({
    cmdline: 'ip=10.0.0.2/24',
    vifs: [0],
    main: async ({net, console}) => {
      const socket = net.udp();
      await socket.send(SERVER, 9000, Uint8Array.of(1, 2, 3));
      const answer = await socket.receive();
      console.println(`${answer?.address}:${answer?.port} ${answer?.data.join()}`);
      await socket.send(SERVER, 9001, Uint8Array.of(1));
      await socket.receive().catch((error: Error) => console.println(error.message));
      await socket.send(SERVER, 9, new Uint8Array(1473)).catch((error: Error) => console.println(error.message));
      const closed = socket.receive();
      socket.close();
      console.println((await closed) === undefined ? 'closed' : 'open');
    },
  });
  await rig.rig.schedule.sleep(10e9);
  t.regex(rig.text(client), /\n10\.0\.0\.1:9000 3,2,1\nConnection refused\nMessage too long\nclosed\n/);
});
