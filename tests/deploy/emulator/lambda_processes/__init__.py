"""LocalStack's Lambda without Docker: each environment is a process behind a Runtime API of its own."""

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class Processes(RuntimeExecutorPlugin):
    name = "processes"

    def load(self, *args, **kwargs):
        # Not before LocalStack asks for it: what it imports takes long, and every plugin is listed at each start.
        from lambda_processes.environment import ProcessEnvironment

        return ProcessEnvironment
