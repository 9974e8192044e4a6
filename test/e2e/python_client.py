"""Goes through a whole run with the published Python client. Prints one JSON line of what it saw."""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters


async def main(node: str, program: str, home: str) -> None:
    server = StdioServerParameters(command=node, args=[program, "serve", "--home", home, "--as", "python"])
    async with Client(server) as client:
        tools = (await client.list_tools()).tools

        async def call(name: str, **arguments):
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result.content[0].text
            assert result.content[0].text
            return result.structured_content

        await call("list_tasks")
        await call("read_task", task_id="mini_baby_lm")
        await call("start_run", task_id="mini_baby_lm")
        await call("write_code", path="answer.py", code="print(6 * 7)")
        output = (await call("run_python", filepath="answer.py"))["output"]
        accepted = (await call("submit_model", model_path="example_submission"))["accepted"]
        result = {}
        for _ in range(10):
            result = await call("get_result", wait_s=40)
            if "outcome" in result:
                break
    value = next(score["value"] for score in result["scores"] if score["metric"] == "blimp@100")
    seen = {"tools": len(tools), "output": output, "accepted": accepted, "outcome": result["outcome"], "value": value}
    print(json.dumps(seen))


asyncio.run(main(*sys.argv[1:]))
