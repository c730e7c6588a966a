from tests.conftest import start_web


async def test_what_was_acknowledged_is_there_after_the_web_process_is_killed(
    flow_environment: dict[str, str],
) -> None:
    site, process = start_web(flow_environment)
    alice, bob = site.register("Alice"), site.register("Bob")
    room = alice.call("POST", "chat/conversations/", {"kind": "direct", "participants": [bob.id]}).data["id"]
    line = await alice.open(f"/ws/chat/{room}/")
    acknowledged = []
    for number in range(20):
        await line.send(message=f"m{number}", client_id=str(number))
        acknowledged.append((await line.hear("user_message_received"))["message_id"])
    process.kill()
    process.wait()

    again, process = start_web(flow_environment)
    try:
        bob.site = again
        page = bob.call("GET", f"chat/conversations/{room}/messages/").data["results"]
        assert [message["id"] for message in page] == acknowledged
        assert [message["sequence"] for message in page] == list(range(1, 21))
    finally:
        process.terminate()
        process.wait(20)


async def test_a_stopping_server_tells_its_clients_and_closes_with_1012(flow_environment: dict[str, str]) -> None:
    site, process = start_web(flow_environment)
    alice = site.register("Alice")
    line = await alice.open()
    await line.hear("connection_established")
    process.terminate()
    assert (await line.hear("draining"))["reconnect_in"] > 0
    assert await line.closed() == 1012
    assert process.wait(20) is not None
