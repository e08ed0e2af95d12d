// Runs the public suite of Durable Streams, as it is, against the server at URL.
import { runConformanceTests } from "@durable-streams/server-conformance-tests"

runConformanceTests({ baseUrl: process.env.URL!, longPollTimeoutMs: 4000 })
