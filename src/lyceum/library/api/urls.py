from django.urls import path

from lyceum.library.api import name_views, recommendation_views, review_views, search_views, views

one = "books/<uuid:book_id>/"
urlpatterns = [
    path("books/", views.BookList.as_view()),
    path("books/recommended/", recommendation_views.RecommendedBooks.as_view()),
    path("books/recommended/acts/", recommendation_views.RecommendedAct.as_view()),
    path("books/recommended/figures/", recommendation_views.RecommendationFigures.as_view()),
    path(one, views.BookDetail.as_view()),
    path(f"{one}similar/", recommendation_views.SimilarBooks.as_view()),
    path(f"{one}cover/", views.BookCover.as_view()),
    path(f"{one}reviews/", review_views.ReviewList.as_view()),
    path(f"{one}reviews/<uuid:review_id>/", review_views.ReviewDetail.as_view()),
    path("search/", search_views.Search.as_view()),
    path("search/autocomplete/", search_views.SearchAutocomplete.as_view()),
    path("search/similar/", search_views.SearchSimilar.as_view()),
    path("authors/", name_views.AuthorList.as_view()),
    path("authors/<uuid:author_id>/", name_views.AuthorDetail.as_view()),
    path("publishers/", name_views.PublisherList.as_view()),
    path("publishers/<uuid:publisher_id>/", name_views.PublisherDetail.as_view()),
    path("categories/", name_views.CategoryList.as_view()),
    path("categories/suggestions/", name_views.SuggestionList.as_view()),
    path("categories/suggestions/<uuid:suggestion_id>/", name_views.SuggestionDetail.as_view()),
    path("categories/suggestions/<uuid:suggestion_id>/accept/", name_views.SuggestionAccept.as_view()),
    path("categories/<uuid:category_id>/", name_views.CategoryDetail.as_view()),
]
