"""Free writing: what transformers would write, up to the last line that was asked for, and nothing written twice."""

from dualrec.llm.inference.generate import TOKENS_PER_TITLE, generate, line_end_tokens


def test_what_is_written_is_what_transformers_writes(llm, prompts, tmp_path):
    batch = llm.tokenizer(prompts, add_special_tokens=False, padding=True, return_tensors="pt")
    longest = TOKENS_PER_TITLE * 3
    ids = llm.model.generate(**batch, max_new_tokens=longest, do_sample=False, pad_token_id=llm.tokenizer.pad_token_id)
    theirs = llm.tokenizer.batch_decode(ids[:, batch.input_ids.shape[1] :], skip_special_tokens=True)
    ours = generate(llm, prompts, titles=3, batch_size=3, journal=tmp_path / "lists.jsonl").texts
    assert ours == ["".join(text.splitlines(keepends=True)[:3]) for text in theirs]
    assert any(text.count("\n") == 3 for text in ours)


def test_a_row_ends_with_the_models_own_end(llm, prompts, tmp_path, monkeypatch):
    (whole,) = generate(llm, prompts[:1], titles=2, batch_size=1, journal=tmp_path / "whole.jsonl").texts
    second = llm.tokenizer(whole, add_special_tokens=False).input_ids[1]
    monkeypatch.setattr(llm.model.generation_config, "eos_token_id", [second, 0])
    ended = generate(llm, prompts[:1], titles=2, batch_size=1, journal=tmp_path / "ended.jsonl").texts
    assert ended == [llm.tokenizer.decode(llm.tokenizer(whole, add_special_tokens=False).input_ids[:2])]


def test_generation_stops_after_the_asked_titles_and_batches_agree(llm, prompts, tmp_path, spends):
    with spends("writing"):
        together = generate(llm, prompts, titles=2, batch_size=3, journal=tmp_path / "together.jsonl")
    alone = generate(llm, prompts, titles=2, batch_size=1, journal=tmp_path / "alone.jsonl")
    assert together.texts == alone.texts
    for text in alone.texts:
        assert text.strip() and text.count("\n") <= 2


def test_generation_goes_on_from_its_journal(llm, prompts, tmp_path):
    journal = tmp_path / "lists.jsonl"
    whole = generate(llm, prompts, titles=1, batch_size=1, journal=journal)
    second = journal.read_text(encoding="utf-8").splitlines()[1]
    killed_in_second_batch = '{"texts": ["kept"], "seconds": 1000.0}\n' + second[:9]
    journal.write_text(killed_in_second_batch, encoding="utf-8")
    resumed = generate(llm, prompts, titles=1, batch_size=1, journal=journal)
    assert resumed.texts == [*whole.texts[:2], "kept"] and resumed.seconds > 1000


def test_line_end_tokens_are_those_with_a_line_break(llm):
    flags = line_end_tokens(llm)
    newline = llm.tokenizer("\n", add_special_tokens=False).input_ids
    assert all(flags[newline]) and not flags[llm.tokenizer(" Heat", add_special_tokens=False).input_ids].any()
