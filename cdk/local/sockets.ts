import { createServer, type Server } from 'node:http';
import { close, listen } from './http-server.ts';
import type { ServiceEndpoints } from './lambda/local-functions.ts';
import type { Template } from './template/template.ts';

/** Listening sockets whose addresses the template's references need before anything serves them. */
export interface Sockets {
  readonly services: Readonly<Record<keyof ServiceEndpoints, Server>>;
  readonly endpoints: ServiceEndpoints;
  /** By logical id of the function URL. */
  readonly functionUrls: ReadonlyMap<string, Server>;
  readonly urlOf: (logicalId: string) => string;
  close(): Promise<void>;
}

export async function openSockets(template: Template): Promise<Sockets> {
  const ports = new Map<Server, number>();
  const open = async (): Promise<Server> => {
    const server = createServer();
    ports.set(server, await listen(server, '127.0.0.1', 0));
    return server;
  };
  const urlOf = (server: Server | undefined): string =>
    `http://127.0.0.1:${server === undefined ? 0 : ports.get(server)}`;
  const functionUrls = new Map<string, Server>();
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    if (resource.Type === 'AWS::Lambda::Url') functionUrls.set(logicalId, await open());
  }
  const services = {
    dynamodb: await open(),
    sqs: await open(),
    secretsManager: await open(),
    autoScaling: await open(),
    acm: await open(),
  };
  return {
    services,
    endpoints: {
      dynamodb: urlOf(services.dynamodb),
      sqs: urlOf(services.sqs),
      secretsManager: urlOf(services.secretsManager),
      autoScaling: urlOf(services.autoScaling),
      acm: urlOf(services.acm),
    },
    functionUrls,
    urlOf: (logicalId) => `${urlOf(functionUrls.get(logicalId))}/`,
    close: async () => {
      await Promise.all([...ports.keys()].map(close));
    },
  };
}
