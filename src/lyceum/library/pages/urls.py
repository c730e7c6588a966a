from django.urls import path

from lyceum.library.pages import book, browsing, keeping, shelf, suggesting

app_name = "library"
urlpatterns = [
    path("", browsing.search, name="search"),
    path("shelf/", shelf.show, name="shelf"),
    path("shelf/<uuid:book_id>/open/", shelf.open_book, name="open"),
    path("shelf/<uuid:book_id>/dismiss/", shelf.dismiss, name="dismiss"),
    path("shelf/<uuid:book_id>/restore/", shelf.restore, name="restore"),
    path("recommendations/", shelf.results, name="recommendations"),
    path("authors/<uuid:author_id>/", browsing.author, name="author"),
    path("categories/<uuid:category_id>/", browsing.category, name="category"),
    path("books/new/", keeping.add, name="add"),
    path("books/<uuid:book_id>/", book.show, name="book"),
    path("books/<uuid:book_id>/review/", book.review, name="review"),
    path("books/<uuid:book_id>/review/delete/", book.delete_review, name="delete-review"),
    path("books/<uuid:book_id>/reviews/", book.more_reviews, name="reviews"),
    path("books/<uuid:book_id>/edit/", keeping.edit, name="edit"),
    path("books/<uuid:book_id>/cover/", keeping.cover, name="cover"),
    path("books/<uuid:book_id>/delete/", keeping.delete, name="delete"),
    path("suggestions/", suggesting.show, name="suggestions"),
    path("suggestions/<uuid:suggestion_id>/accept/", suggesting.accept, name="accept-suggestion"),
    path("suggestions/<uuid:suggestion_id>/refuse/", suggesting.refuse, name="refuse-suggestion"),
]
