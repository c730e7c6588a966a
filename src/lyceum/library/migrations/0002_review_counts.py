from django.db import migrations

# One update of books for a whole statement, however many reviews it writes.
FUNCTION = """
create function library_count_reviews() returns trigger language plpgsql as $$
begin
  if tg_op in ('DELETE', 'UPDATE') then
    update library_book set
      rating_sum = library_book.rating_sum - gone.rating_sum,
      review_count = library_book.review_count - gone.review_count
    from (
      select book_id, sum(rating) as rating_sum, count(*) as review_count from old_reviews group by book_id
    ) as gone
    where library_book.id = gone.book_id;
  end if;
  if tg_op in ('INSERT', 'UPDATE') then
    update library_book set
      rating_sum = library_book.rating_sum + come.rating_sum,
      review_count = library_book.review_count + come.review_count
    from (
      select book_id, sum(rating) as rating_sum, count(*) as review_count from new_reviews group by book_id
    ) as come
    where library_book.id = come.book_id;
  end if;
  return null;
end $$;
"""
TRIGGER = """
create trigger library_review_{act} after {act} on library_review referencing {tables}
  for each statement execute function library_count_reviews();
"""
TABLES = {
    "insert": "new table as new_reviews",
    "update": "old table as old_reviews new table as new_reviews",
    "delete": "old table as old_reviews",
}


class Migration(migrations.Migration):
    dependencies = [("library", "0001_books")]

    operations = [
        migrations.RunSQL(
            FUNCTION + "".join(TRIGGER.format(act=act, tables=tables) for act, tables in TABLES.items()),
            "".join(f"drop trigger library_review_{act} on library_review;" for act in TABLES)
            + "drop function library_count_reviews;",
        )
    ]
