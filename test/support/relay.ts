import type { AddressInfo } from 'node:net';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';

/** Sends a message as it is to a server of mail, and gives what arrived there. */
export async function relay(raw: string): Promise<Buffer> {
  const arrived: Buffer[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'] },
    onData(stream, _, done) {
      stream.on('data', (chunk: Buffer) => arrived.push(chunk));
      stream.on('end', () => {
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const transport = createTransport({ host: '127.0.0.1', port });
  await transport.sendMail({ envelope: { from: 'zen@example.com', to: ['boss@example.com'] }, raw });
  transport.close();
  await new Promise<void>((resolve) => {
    server.close(resolve);
  });
  return Buffer.concat(arrived);
}
