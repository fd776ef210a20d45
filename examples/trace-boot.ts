import {createHost, formatRecord, virtualClock} from 'pvsim';

// A boot in virtual time: the same seed prints the same lines, byte for byte. node dist/examples/trace-boot.js [SEED]
const host = await createHost({clock: virtualClock(Number(process.argv[2] ?? 1))});
host.xen.trace.addSink((record) => {
  if (record.point === 'xenbus_state' || record.point === 'ring_batch') console.log(formatRecord(record));
});
const guest = await host.create(`
  name = "guest"
  kernel = "builtin"
  memory = 16
  disk = ["format=raw,vdev=xvda,access=rw,target=ram:1M"]
  vif = ["bridge=xenbr0"]
  extra = "ip=10.0.0.1/24 run='sha256sum /dev/xvda; ping -c 1 10.0.0.254'"
`);
await host.waitConnected(guest);
await host.shutdown(guest, 'poweroff');
await host.waitShutdown(guest);
await host.close();
