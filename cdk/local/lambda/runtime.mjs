// What AWS calls the runtime: loads the function's module and answers one event at a time, here
// over IPC. Environment, argument and answer are those of Lambda's Node.js runtime.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { LAMBDA_TASK_ROOT: root, _HANDLER: name } = process.env;
const [file, exported] = name.split('.');

process.on('disconnect', () => process.exit(0));

const module = await import(pathToFileURL(join(root, `${file}.mjs`)).href);
const handler = module[exported];
if (typeof handler !== 'function') throw new Error(`${name} is not a function`);

process.on('message', async ({ requestId, functionArn, deadlineMs, traceHeader, event }) => {
  process.env._X_AMZN_TRACE_ID = traceHeader; // one invocation at a time
  try {
    const value = await handler(JSON.parse(event), context(requestId, functionArn, deadlineMs));
    process.send({ kind: 'answer', payload: JSON.stringify(value ?? null) });
  } catch (error) {
    console.error(error);
    process.send({
      kind: 'error',
      errorType: error?.name ?? typeof error,
      errorMessage: error?.message ?? String(error),
    });
  }
});
process.send({ kind: 'ready' });

function context(requestId, functionArn, deadlineMs) {
  return {
    awsRequestId: requestId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: functionArn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}
