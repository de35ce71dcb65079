import { silentLogger } from '@drydock/port/observability';
import { createFakeTransport, describeTransportContract } from '@drydock/port/transport-suite';
import { createRpcServer, createRpcTransport } from './index.ts';

for (const pipelined of [true, false]) {
  describeTransportContract(`gRPC, ${pipelined ? 'writes pipelined' : 'a call a write'}`, async () => {
    const behind = createFakeTransport();
    const server = createRpcServer({ port: 0, transport: behind, logger: silentLogger });
    await server.start();
    const transport = createRpcTransport({ address: `127.0.0.1:${server.port}`, pipelined });
    return {
      transport,
      namespace: 'default',
      async dispose() {
        await transport.close();
        await server.stop();
        await behind.close();
      },
    };
  });
}
