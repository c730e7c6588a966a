"""Topics of `/ws/`: what is told to who asked to hear it, and to nobody else."""

from tests.conftest import PASSWORD, Line, Site


async def kinds(line: Line) -> list[str]:
    return [frame["type"] for frame in await line.until_pong() if "presence" not in frame["type"]]


async def test_who_subscribes_to_jobs_hears_of_their_own(site: Site, second_site: Site) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    hears, deaf = await (await alice.open(site=second_site)).ready(), await (await alice.open()).ready()
    other = await (await bob.open()).ready()
    await hears.send(type="subscribe", topic="jobs")
    await other.send(type="subscribe", topic="jobs")
    assert "error" not in await kinds(hears) + await kinds(other)

    job = alice.call("POST", "users/export/").data
    told = await hears.hear("job")
    assert (told["id"], told["state"], told["progress"]) == (job["id"], "waiting", 0)
    assert "job" not in await kinds(deaf) + await kinds(other)

    late = await (await alice.open()).ready()
    await late.send(type="subscribe", topic="jobs")
    assert (await late.hear("job"))["id"] == job["id"]
    await hears.send(type="unsubscribe", topic="jobs")
    assert "error" not in await kinds(hears)


async def test_whose_account_is_deleted_is_out_everywhere_and_back_by_signing_in(site: Site) -> None:
    alice, bob = site.register("Hypatia"), site.register("Bob")
    line = await (await alice.open()).ready()
    assert alice.call("POST", "users/erase/", {"password": PASSWORD}).status == 202
    assert await line.closed() == 4401
    assert alice.call("GET", "users/profile/").status == 401
    found = bob.call("GET", "users/list/?q=Hypatia").data["results"]
    assert alice.id not in [person["id"] for person in found]

    again = site.call("POST", "auth/token/", {"email": alice.email, "password": PASSWORD})
    assert again.status == 200
    found = bob.call("GET", "users/list/?q=Hypatia").data["results"]
    assert alice.id in [person["id"] for person in found]
