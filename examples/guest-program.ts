import type {Guest} from 'pvsim';

/** Run it with kernel = "./guest-program.ts": lists its disks, then answers what is typed at its console. */
export default async function main({name, block, net, console, sleep, onShutdown}: Guest): Promise<void> {
  console.println(`This is ${name}, with ${block.list.length} disks and ${net.list.length} network interfaces.`);
  for (const disk of block.list) {
    const first = await disk.read(0, disk.sectorSize);
    const hex = Array.from(first.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    console.println(`${disk.name}: ${disk.sizeBytes} bytes, beginning with ${hex}`);
  }
  block.added.subscribe((disk) => console.println(`${disk.name} was attached`));
  onShutdown((reason) => console.println(`Good-bye: ${reason}`));
  for (;;) {
    const line = await console.readLine('say> ');
    if (line === undefined || line === 'bye') return;
    await sleep(200);
    console.println(line.toUpperCase());
  }
}
