import {createHost} from 'pvsim';

// Prints each batch of requests that dom0 takes from the ring of a guest's disk: node dist/examples/watch-ring.js
const host = await createHost();
const guest = await host.create(
  `name = "guest"
   kernel = "builtin"
   memory = 16
   disk = ["format=raw,vdev=xvda,access=rw,target=ram:4M"]
   extra = "run='dd if=/dev/zero of=/dev/xvda bs=256k count=16 conv=fsync; poweroff'"`,
  {paused: true},
);
host.disks.backend(guest, 'xvda').batches.subscribe(({requests, responses, notified}) => {
  console.log(`xvda: ${requests} requests, ${responses} responses${notified ? ', guest notified' : ''}`);
});
host.unpause(guest);
await host.waitShutdown(guest);
await host.close();
