import type {Guest} from 'pvsim';

/**
 * A router between two bridges, the kernel of a guest of its own:
 *   kernel = "./router.ts"
 *   vif = ["bridge=left", "bridge=right"]
 *   extra = "ip=10.0.1.1/24 ip1=10.0.2.1/24"
 * Guests on either side name it as their way out: extra = "ip=10.0.1.2/24 gw=10.0.1.1".
 */
export default async function main({net, console, sleep}: Guest): Promise<void> {
  const ports = [await net.wait('eth0'), await net.wait('eth1')];
  net.forward(true);
  console.println(`routing between ${ports.map(({name}) => name).join(' and ')}`);
  let before = '';
  for (;;) {
    const line = ports
      .map((port) => `${port.name}: ${port.stats().rxPackets} in, ${port.stats().txPackets} out`)
      .join('; ');
    if (line !== before) console.println(line);
    before = line;
    await sleep(5000);
  }
}
