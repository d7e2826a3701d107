import { onBatch } from '../queue/batch.ts';
import { systemClock } from '../system.ts';
import { wireCertificateQueue, wireCertificates, wireLog, wirePut } from '../wiring.ts';
import { onMessage, onRequest } from './certificate.ts';
import { certificateMessages } from './message.ts';

const log = wireLog('certificate');
const put = wirePut();
const keeper = {
  certificates: wireCertificates(),
  queue: wireCertificateQueue(),
  tell: (url: string, answer: object) => put(url, JSON.stringify(answer)),
  clock: systemClock,
  log,
};
const onQueue = onBatch(log, (body) => onMessage(keeper, certificateMessages.decode(body)));

/** Called by CloudFormation with a request, and by its queue with messages. */
export const handler = (event: object): Promise<unknown> =>
  'Records' in event ? onQueue(event) : onRequest(keeper, certificateMessages.request(event));
